import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { count, shown } from './format.js';
import { follow, useLive } from './live.js';
import { Call } from './pages/call.js';
import { Findings } from './pages/findings.js';
import { Header as FollowHeader } from './pages/header.js';
import { Instances } from './pages/instances.js';
import { Letter } from './pages/letter.js';
import { Letters } from './pages/letters.js';
import { Overview } from './pages/overview.js';
import { Pattern } from './pages/pattern.js';
import { useAsked } from './parts/asked.js';
import { Status } from './parts/status.js';
import { to, useRoute, type Route } from './route.js';
import type { About } from './server.js';

const PAGES = [
  ['', 'Overview'],
  ['instances', 'Instances'],
  ['dead', 'Dead letters'],
  ['call', 'Follow a call'],
  ['health', 'Health'],
] as const;
/** Pages that belong to another one of the menu. */
const BELOW: Readonly<Record<string, string>> = { pattern: '', letter: 'dead', header: 'call' };

function Page() {
  const route = useRoute();
  const about = useAsked<About>('about', {});
  const main = useRef<HTMLElement>(null);
  const [name = ''] = route;
  const where = route.join('/');
  const first = useRef(true);
  useEffect(() => {
    const title = PAGES.find(([one]) => one === (BELOW[name] ?? name))?.[1] ?? 'Redis Streams';
    document.title = `${title} · Redis Streams`;
    // Whoever does not see the page learns that another one is there.
    if (!first.current) main.current?.querySelector<HTMLElement>('h1')?.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [where]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.querySelector<HTMLElement>('h1')?.focus();
        }}
      >
        Skip to the content
      </a>
      <Header name={name} about={about.value} />
      <main id="main" ref={main}>
        <Trouble />
        {about.error !== undefined && (
          <p class="notice bad" role="alert">
            {about.error}
          </p>
        )}
        {about.value !== undefined && <Body key={where} route={route} about={about.value} />}
      </main>
      <Status />
    </>
  );
}

function Body({ route, about }: { readonly route: Route; readonly about: About }) {
  const [name = '', one = '', two = '', three = ''] = route;
  switch (name) {
    case '':
      return <Overview />;
    case 'pattern':
      return <Pattern about={about} stream={one} group={two} />;
    case 'instances':
      return <Instances about={about} />;
    case 'dead':
      return <Letters about={about} service={one} pattern={two} reason={three} />;
    case 'letter':
      return <Letter about={about} service={one} id={two} />;
    case 'call':
      return <Call call={one} />;
    case 'header':
      return <FollowHeader name={one} value={two} />;
    case 'health':
      return <Findings />;
    default:
      return (
        <>
          <h1 tabIndex={-1}>Not here</h1>
          <p>
            There is no such page. <a href={to()}>Back to the overview</a>
          </p>
        </>
      );
  }
}

function Header({ name, about }: { readonly name: string; readonly about: About | undefined }) {
  const here = BELOW[name] ?? name;
  const { look } = useLive();
  const dead = Object.values(look?.backlog.deadLetters ?? {}).reduce((sum, one) => sum + one, 0);
  return (
    <header>
      <a class="brand" href={to()}>
        <img src="icon.svg" alt="" width="26" height="26" />
        <span>Redis Streams</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map(([one, title]) => (
          <a key={one} href={to(one)} aria-current={one === here ? 'page' : undefined}>
            {title}
            {one === 'dead' && dead > 0 && <span class="count">{count(dead)}</span>}
          </a>
        ))}
      </nav>
      <p class="about">
        {about !== undefined && (
          <>
            <span class="tag">{shown(about.prefix)}</span>
            {about.readOnly && <span class="tag">read-only</span>}
          </>
        )}
        <Pulse />
      </p>
    </header>
  );
}

const STATES = {
  connecting: 'connecting',
  live: 'live',
  trouble: 'Redis?',
  lost: 'offline',
} as const;

function Pulse() {
  const { state } = useLive();
  return <span class={`pulse ${state}`}>{STATES[state]}</span>;
}

function Trouble() {
  const { state, told } = useLive();
  const shows = state === 'trouble' || state === 'lost';
  return (
    <div role="status" aria-live="polite">
      {shows && (
        <p class="notice bad">
          {state === 'trouble' ? 'Redis cannot be read: ' : ''}
          {shown(told)}. What stands here is of before.
        </p>
      )}
    </div>
  );
}

follow();
render(<Page />, document.getElementById('page') as HTMLElement);
