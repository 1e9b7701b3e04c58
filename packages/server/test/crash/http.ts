import { Agent, request } from 'node:http';

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they assert
  readonly body: any;
}

/** Connections that are kept and cut with their server. Rejects when the answer did not come whole. */
export function openHttp(common: Readonly<Record<string, string>> = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  return {
    send(url: string, method: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
      return new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const sent = request(
          url,
          {
            method,
            agent,
            headers: {
              ...common,
              ...headers,
              ...(text === undefined
                ? {}
                : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            },
            timeout: 30_000,
          },
          (response) => {
            let answer = '';
            response.setEncoding('utf8');
            response.on('data', (chunk) => (answer += chunk));
            response.on('error', reject);
            response.on('end', () => {
              if (!response.complete) return reject(new Error('cut off'));
              try {
                resolve({ status: response.statusCode ?? 0, body: answer === '' ? undefined : JSON.parse(answer) });
              } catch {
                reject(new Error(`not from the server: ${response.statusCode} ${answer.slice(0, 200)}`));
              }
            });
          },
        );
        sent.on('error', reject);
        sent.on('timeout', () => sent.destroy(new Error('no answer in 30 s')));
        sent.end(text);
      });
    },
    close: () => agent.destroy(),
  };
}

export type Http = ReturnType<typeof openHttp>;
