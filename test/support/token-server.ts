import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenAnswer {
  readonly status: number;
  readonly json: object;
}

/** The token endpoint of a provider (RFC 6749), which answers as a test says. */
export async function startTokenServer(answers: (form: URLSearchParams, before: number) => TokenAnswer) {
  const forms: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const { status, json } = answers(form, forms.length);
    forms.push(form);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    /** What it was asked with. */
    forms,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
