import { connect, type Socket } from 'node:net';

/** What a connection tells whoever drives it. `status` 0: the connection broke before the answer was complete. */
export type OnAnswer = (connection: Connection, status: number) => void;

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * One keep-alive connection that sends prebuilt requests and counts answers. It reads the status and the length and skips
 * the rest: on two cores shared with the server, each microsecond spent here is one the server does not have.
 */
export class Connection {
  readonly index: number;
  /** Milliseconds of `performance.now()` from which the driver counts the answer's time. */
  startedAt = 0;
  readonly #socket: Socket;
  readonly #onAnswer: OnAnswer;
  #head: Buffer | undefined;
  #status = 0;
  #bodyLeft = 0;
  #waiting = false;

  private constructor(index: number, socket: Socket, onAnswer: OnAnswer) {
    this.index = index;
    this.#socket = socket;
    this.#onAnswer = onAnswer;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => this.#broken());
    socket.on('close', () => this.#broken());
  }

  static open(index: number, port: number, onAnswer: OnAnswer): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new Connection(index, socket, onAnswer));
      });
    });
  }

  get usable(): boolean {
    return this.#socket.writable;
  }

  /** `request` is a whole HTTP/1.1 request in ASCII; one at a time. */
  send(request: string, startedAt: number): void {
    this.startedAt = startedAt;
    this.#waiting = true;
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#waiting = false;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#bodyLeft > 0) {
      this.#bodyLeft -= chunk.length;
      if (this.#bodyLeft <= 0) this.#answered();
      return;
    }
    const data = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = data.indexOf(endOfHead);
    if (end < 0) {
      this.#head = data;
      return;
    }
    this.#head = undefined;
    const head = data.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /content-length: (\d+)/i.exec(head)?.[1] ?? 0;
    this.#bodyLeft = Number(length) - (data.length - end - endOfHead.length);
    if (this.#bodyLeft <= 0) this.#answered();
  }

  #answered(): void {
    this.#bodyLeft = 0;
    this.#waiting = false;
    this.#onAnswer(this, this.#status);
  }

  #broken(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#onAnswer(this, 0);
  }
}

export function openConnections(count: number, port: number, onAnswer: OnAnswer): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => Connection.open(index, port, onAnswer)));
}
