import { connect, type Socket } from 'node:net';

export interface WireAnswer {
  /** 0: the connection ended before an answer had come. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

interface Waiting {
  readonly isHead: boolean;
  readonly settle: (answer: WireAnswer) => void;
}

/**
 * One keep-alive connection with several requests under way. Requests are whole texts: what `fetch` would mend or refuse is
 * sent as it is. A server that ends the connection answers everything behind with status 0; the next request opens it again.
 */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;
  #waiting: Waiting[] = [];
  #buffer = '';

  constructor(port: number) {
    this.#port = port;
  }

  send(request: string, isHead: boolean): Promise<WireAnswer> {
    const socket = this.#socket ?? this.#open();
    return new Promise((settle) => {
      this.#waiting.push({ isHead, settle });
      socket.write(request, 'utf8');
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    // One character a byte: lengths are counted in bytes. What is looked for is ASCII.
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#buffer = '';
      for (const { settle } of this.#waiting.splice(0)) settle({ status: 0, head: '', body: '' });
    });
    this.#socket = socket;
    return socket;
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      const [first] = this.#waiting;
      if (end < 0 || first === undefined) return;
      const head = this.#buffer.slice(0, end);
      const status = Number(head.slice(9, 12));
      const hasBody = !first.isHead && status !== 204 && status !== 304;
      const length = hasBody ? Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0) : 0;
      const whole = end + 4 + length;
      if (this.#buffer.length < whole) return;
      const body = this.#buffer.slice(end + 4, whole);
      this.#buffer = this.#buffer.slice(whole);
      this.#waiting.shift();
      first.settle({ status, head, body });
    }
  }
}
