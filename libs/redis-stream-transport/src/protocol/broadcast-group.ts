/**
 * The group through which one consumer reads broadcasts. The name of a service has no braces, so this is
 * never another service's group, whatever the two are called.
 */
export function broadcastGroup(service: string, consumer: string): string {
  return `${service}{${consumer}}`;
}

/** How consumers were named when the groups of their broadcasts were `<service>~<consumer>`. */
const CONSUMER_OF_OLD = /^[A-Za-z0-9_.-]{1,40}-\d+-[A-Za-z0-9_-]{12}$/;

/**
 * Whose broadcasts a group reads, if they are those of this service.
 *
 * Earlier versions named such groups `<service>~<consumer>`, which may be a service of its own. What
 * they left is recognised by the form of the consumer's name; that nobody registered the group is for the
 * caller to know.
 */
export function broadcasterOf(service: string, group: string): string | undefined {
  if (!group.startsWith(service)) return undefined;
  const rest = group.slice(service.length);
  if (rest.startsWith('{') && rest.endsWith('}') && rest.length > 2) return rest.slice(1, -1);
  if (rest.startsWith('~') && CONSUMER_OF_OLD.test(rest.slice(1))) return rest.slice(1);
  return undefined;
}
