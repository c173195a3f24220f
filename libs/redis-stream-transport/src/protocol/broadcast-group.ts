/**
 * The group through which one consumer reads broadcasts. Names of services have no braces, so this is never the group
 * of another service.
 */
export function broadcastGroup(service: string, consumer: string): string {
  return `${service}{${consumer}}`;
}

/** The form of consumers' names in earlier versions, whose groups of broadcasts were `<service>~<consumer>`. */
const CONSUMER_OF_OLD = /^[A-Za-z0-9_.-]{1,40}-\d+-[A-Za-z0-9_-]{12}$/;

/**
 * The consumer that reads broadcasts through a group; undefined if the group is not one of this service's broadcasts.
 *
 * Earlier versions named such groups `<service>~<consumer>`, which may also be the name of a service. They are
 * recognised by the form of the consumer's name. The caller must make sure that the group is not registered.
 */
export function broadcasterOf(service: string, group: string): string | undefined {
  if (!group.startsWith(service)) return undefined;
  const rest = group.slice(service.length);
  if (rest.startsWith('{') && rest.endsWith('}') && rest.length > 2) return rest.slice(1, -1);
  if (rest.startsWith('~') && CONSUMER_OF_OLD.test(rest.slice(1))) return rest.slice(1);
  return undefined;
}
