/** The demo is an ordinary client: it speaks HTTP to the three listeners and knows nothing of what is behind them. */
export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a demo reads what it prints
  readonly body: any;
  readonly text: string;
}

export async function call(
  method: string,
  url: string,
  options: { token?: string; apiKey?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.apiKey ? { 'x-api-key': options.apiKey } : {}),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, body: json ? JSON.parse(text) : undefined, text };
}

/** As `call`, for what must work: anything but 2xx ends the demo with the answer in the message. */
export async function expectOk(...args: Parameters<typeof call>): Promise<Reply> {
  const reply = await call(...args);
  if (reply.status >= 300) throw new Error(`${args[0]} ${args[1]} answered ${reply.status}: ${reply.text}`);
  return reply;
}
