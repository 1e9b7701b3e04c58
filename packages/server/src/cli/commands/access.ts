import { Command } from 'commander';
import { bootstrapCommand } from './access-bootstrap.js';

export function accessCommand(): Command {
  return new Command('access').description('the Access Manager').addCommand(bootstrapCommand());
}
