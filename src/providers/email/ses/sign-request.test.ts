import { describe, expect, test } from 'vitest';
import { signRequest, type ToSign } from './sign-request.ts';

/** The test suite that AWS publishes for Signature Version 4 (aws-sig-v4-test-suite). */
const KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const WHERE = { region: 'us-east-1', service: 'service', now: new Date('2015-08-30T12:36:00Z') };
const HOST = 'example.amazonaws.com';

describe('a request to AWS is signed as its test suite has it', () => {
  test.each<[string, ToSign, string, string]>([
    [
      'get-vanilla',
      { method: 'GET', path: '/', host: HOST, body: '' },
      'host;x-amz-date',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'post-vanilla',
      { method: 'POST', path: '/', host: HOST, body: '' },
      'host;x-amz-date',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-header-key-sort',
      { method: 'POST', path: '/', host: HOST, body: '', headers: { 'my-header1': 'value1' } },
      'host;my-header1;x-amz-date',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-x-www-form-urlencoded',
      {
        method: 'POST',
        path: '/',
        host: HOST,
        body: 'Param1=value1',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      'content-type;host;x-amz-date',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('%s', (_, request, names, signature) => {
    expect(signRequest(request, KEYS, WHERE)).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    });
  });

  test('the token of a session is signed along', () => {
    const signed = signRequest(
      { method: 'POST', path: '/', host: HOST, body: '' },
      { ...KEYS, sessionToken: 'token' },
      WHERE,
    );
    expect(signed['x-amz-security-token']).toBe('token');
    expect(signed['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
  });
});
