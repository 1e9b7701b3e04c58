import type pg from 'pg';

/** The parts of pg's inner connection that the COPY protocol needs. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Sends `rows` (COPY's text format) in one piece: a stream of small pieces stalls on delayed acknowledgements. */
export function copyIn(client: pg.Client, statement: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(
      copySubmittable(statement, resolve, reject, (wire) => {
        wire.sendCopyFromChunk(rows);
        wire.endCopyFrom();
      }),
    );
  });
}

/** All rows of a `copy … to stdout`, as text. */
export async function copyOut(client: pg.Client, statement: string): Promise<string> {
  const pieces: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    client.query(
      copySubmittable(statement, resolve, reject, undefined, (piece) => {
        pieces.push(Buffer.from(piece));
      }),
    );
  });
  return Buffer.concat(pieces).toString();
}

function copySubmittable(
  statement: string,
  resolve: () => void,
  reject: (error: Error) => void,
  onCopyIn?: (wire: Wire) => void,
  onData?: (piece: Buffer) => void,
): pg.Submittable {
  let failure: Error | undefined;
  return {
    submit: (wire: unknown) => (wire as Wire).query(statement),
    handleCopyInResponse: (wire: Wire) => onCopyIn?.(wire),
    handleCopyData: (message: { readonly chunk: Buffer }) => onData?.(message.chunk),
    handleCommandComplete: () => {},
    handleError: (error: Error) => {
      failure = error;
      // pg hands the connection over right after an error; what follows is only ReadyForQuery.
      reject(error);
    },
    handleReadyForQuery: () => {
      if (failure === undefined) resolve();
    },
  } as unknown as pg.Submittable;
}
