import { onlyDocument } from './manifest.js';

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const compose = (): Compose => onlyDocument<Compose>('deploy/compose.yaml');

/** The services that are apps of this repository, by name. */
export const appsOf = ({ services }: Compose): [name: string, service: ComposeService][] =>
  Object.entries(services).filter(([, { build }]) => build !== undefined);
