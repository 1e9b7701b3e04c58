import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createCodeSender } from '../../src/access/senders/code-sender.js';
import { createFileSender } from '../../src/access/senders/file-sender.js';
import { createSmtpSender } from '../../src/access/senders/smtp-sender.js';
import { newTenantId } from './support/access-installation.js';

const code = (kind: 'email' | 'sms', destination: string) => ({
  tenantId: newTenantId(),
  userId: 'u',
  kind,
  destination,
  code: '123456',
  expiresInSeconds: 300,
});

describe('the SMTP sender', () => {
  let server: SMTPServer | undefined;
  afterEach(() => new Promise<void>((done) => (server ? server.close(() => done()) : done())));

  async function mailServer(options: SMTPServerOptions = {}) {
    const received: { from: string; to: string[]; text: string; user: unknown }[] = [];
    server = new SMTPServer({
      authOptional: true,
      logger: false,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, answer) =>
        password === 'p@ss word' ? answer(null, { user: username }) : answer(new Error('no')),
      onData(stream, session, done) {
        let text = '';
        stream.on('data', (chunk) => {
          text += chunk;
        });
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          received.push({ from, to: rcptTo.map(({ address }) => address), text, user: session.user });
          done();
        });
      },
      ...options,
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    return { received, port: (server.server.address() as AddressInfo).port };
  }

  it('delivers a code, with user name and password', async () => {
    const { received, port } = await mailServer();
    const url = `smtp://robot:${encodeURIComponent('p@ss word')}@127.0.0.1:${port}`;
    const sendMail = createSmtpSender({ url, from: 'bank@example.com' });
    await createCodeSender({ sendMail, sendText: undefined })(code('email', 'ana@example.com'));
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ from: 'bank@example.com', to: ['ana@example.com'], user: 'robot' });
    expect(received[0]?.text).toContain('Your code is 123456, good for 5 minutes.');
  });

  it('sends to one address or not at all', async () => {
    const { received, port } = await mailServer();
    const sendMail = createSmtpSender({ url: `smtp://127.0.0.1:${port}`, from: 'bank@example.com' });
    for (const to of [
      'a,b@example.com',
      'a@example.com\r\nRCPT TO:<b@example.com>',
      'a@example.com\nBcc: b@example.com',
      'x <b@example.com>',
      '',
    ])
      await expect(sendMail({ to, subject: 'Your code', text: 'x' })).rejects.toThrow('not one plain');
    await sendMail({ to: 'a@example.com', subject: 'one\r\nBcc: b@example.com', text: 'x' });
    expect(received.map(({ to }) => to)).toEqual([['a@example.com']]);
    expect(received[0]?.text).not.toMatch(/^Bcc:/im);
  });

  it('sends nothing where TLS is wanted and not offered, and tells of failures without the secrets', async () => {
    const { received, port } = await mailServer();
    const wrong = `smtp://robot:wrong-secret@127.0.0.1:${port}`;
    const mail = { to: 'ana@example.com', subject: 'Your code', text: '654321' };
    for (const sendMail of [
      createSmtpSender({ url: `smtp://127.0.0.1:${port}`, from: 'bank@example.com', requireTls: true }),
      createSmtpSender({ url: wrong, from: 'bank@example.com' }),
      createSmtpSender({ url: 'smtp://127.0.0.1:1', from: 'bank@example.com' }),
    ]) {
      const failure = await sendMail(mail).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(failure).toBeInstanceOf(Error);
      expect(`${failure?.message} ${failure?.stack} ${JSON.stringify(failure)}`).not.toMatch(/wrong-secret|654321/);
    }
    expect(received).toEqual([]);
  });

  it('gives up on a server that says nothing', async () => {
    const { port } = await mailServer({ onConnect: () => undefined });
    const sendMail = createSmtpSender({ url: `smtp://127.0.0.1:${port}`, from: 'b@example.com', timeoutMs: 300 });
    await expect(sendMail({ to: 'a@example.com', subject: 's', text: 't' })).rejects.toThrow();
  });
});

it('the file sender keeps each message in a file that its owner alone can read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cofferdam-outbox-'));
  try {
    let count = 0;
    const sender = createFileSender(join(directory, 'outbox'), () => String(count++));
    const send = createCodeSender(sender);
    await send(code('email', 'ana@example.com'));
    await send(code('sms', '+5511999999999'));
    const names = (await readdir(join(directory, 'outbox'))).sort();
    expect(names).toEqual(['0-email.json', '1-sms.json']);
    for (const name of names) {
      const path = join(directory, 'outbox', name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(JSON.parse(await readFile(path, 'utf8')).text).toContain('123456');
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it('without a sender for text messages, none is lost silently', async () => {
  const send = createCodeSender({ sendMail: async () => undefined, sendText: undefined });
  await expect(send(code('sms', '+5511999999999'))).rejects.toThrow('no sender');
});
