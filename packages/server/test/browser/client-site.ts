import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A client's web site on this machine: where the browser comes back to, and where an attacker's page may stand. */
export interface ClientSite {
  readonly origin: string;
  /** What `path` answers from now on, as HTML. */
  serve(path: string, html: string): void;
  close(): void;
}

export async function startClientSite(): Promise<ClientSite> {
  const pages = new Map<string, string>();
  const server: Server = createServer((request, response) => {
    const html = pages.get(new URL(request.url ?? '/', 'http://here').pathname);
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(html ?? 'nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // Another site than 127.0.0.1, on which the Access Manager listens, to a browser.
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    serve: (path, html) => void pages.set(path, html),
    close: () => void server.close(),
  };
}
