import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Step = (forward: () => Promise<Response>, response: ServerResponse) => Promise<void>;

export interface Middle {
  readonly url: string;
  /** What came through, in order: method, path, and the headers that the tests ask about. */
  readonly requests: { method: string; path: string; key: string | undefined; token: string | undefined }[];
  /** What happens to the next requests, one after the other; requests after that pass unharmed. */
  next(...steps: Step[]): void;
  close(): Promise<void>;
}

/** A real hop between client and server, which loses and refuses what a test asks it to. */
export async function startMiddle(target: string): Promise<Middle> {
  const requests: Middle['requests'] = [];
  let steps: Step[] = [];
  const server: Server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const key = headers['x-idempotency'] as string | undefined;
    requests.push({ method, path: url, key, token: headers.authorization });
    const step = steps.shift() ?? pass;
    step(() => forward(target, request), response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    next: (...given) => {
      steps = given;
      requests.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function forward(target: string, request: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
  return fetch(`${target}${request.url}`, {
    method: request.method as string,
    headers: headers as Record<string, string>,
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
}

export const pass: Step = async (forwarded, response) => {
  const answer = await forwarded();
  const { 'content-length': _, connection: __, ...headers } = Object.fromEntries(answer.headers);
  response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
};

/** The server does its work, and the connection ends before the answer. */
export const dropAfterWork: Step = async (forwarded, response) => {
  await (await forwarded()).arrayBuffer();
  response.destroy();
};

/** The answer ends in its middle. */
export const cutAnswer: Step = async (forwarded, response) => {
  const answer = await forwarded();
  const text = await answer.text();
  response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': text.length });
  response.write(text.slice(0, 20), () => response.destroy());
};

/** The connection ends before the server has seen the request. */
export const dropBeforeWork: Step = async (_, response) => {
  response.destroy();
};

export const refuse =
  (status: number, headers: Record<string, string> = {}, body = ''): Step =>
  async (_, response) => {
    response.writeHead(status, headers).end(body);
  };

/** Never answers. */
export const silence: Step = () => new Promise(() => {});

/** Where nobody listens. */
export async function nobodysUrl(): Promise<string> {
  const gone = await startMiddle('http://127.0.0.1');
  await gone.close();
  return gone.url;
}
