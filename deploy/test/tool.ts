import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a tool of scripts/test-deployment.sh in the root of the checkout. @throws with what it printed when it ends with an error */
export async function tool(command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}
