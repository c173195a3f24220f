import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';

export type OpenTelemetryApi = typeof Api;

const PACKAGE = '@opentelemetry/api';

/**
 * Loads the API when it is needed, because it is an optional package. By `require`, because this must be possible in
 * the turn of a call.
 * @returns what is missing, in one line, if it cannot be loaded
 */
export function loadApi(
  load: (name: string) => unknown = createRequire(import.meta.url),
): OpenTelemetryApi | string {
  try {
    return load(PACKAGE) as OpenTelemetryApi;
  } catch {
    return `traces need the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`;
  }
}
