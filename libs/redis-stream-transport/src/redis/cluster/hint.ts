import { CommandFailure } from '../failure.js';

/** Says which option is meant when Redis answers as a server of the other kind does. */
export function withHint(error: Error, toCluster: boolean): Error {
  if (!(error instanceof CommandFailure)) return error;
  const { kind, reply, message, cause } = error;
  const told = (hint: string) => new CommandFailure(kind, reply, `${message}: ${hint}`, cause);
  if (toCluster && message.includes('cluster support disabled')) {
    return told('this server is no Cluster; give it as `url`, or `host` and `port`');
  }
  if (!toCluster && reply === 'MOVED') {
    return told('this server is a node of a Cluster; give it as `cluster: { nodes }`');
  }
  return error;
}
