import { expect, it } from 'vitest';
import { fetchMedia } from './fetch-media.ts';

it.each([
  'https://127.0.0.1/a.png',
  'https://localhost/a.png',
  'https://10.1.2.3/a.png',
  'https://169.254.169.254/latest/meta-data',
  'https://192.168.0.1/a.png',
  'https://[::1]/a.png',
  'https://[::ffff:10.0.0.1]/a.png',
  'https://[fd00::1]/a.png',
  'https://0x7f000001/a.png',
  'http://example.com/a.png',
  'file:///etc/passwd',
  'https://user:word@example.com/a.png',
])('a file behind the firewall is not read for whoever writes a message: %s', async (address) => {
  const answer = await fetchMedia(address, 'https://graph.facebook.com');
  expect(answer).toMatchObject({ ok: false, problem: { kind: 'refused', code: 'media_address' } });
});
