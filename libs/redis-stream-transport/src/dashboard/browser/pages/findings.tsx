import type { Finding } from '../../../operate/index.js';
import { shown } from '../format.js';
import { useAsked, When } from '../parts/asked.js';

const TONE = { error: 'bad', warning: 'warn', note: 'good' } as const;

/** What somebody should look at in this deployment. */
export function Findings() {
  const asked = useAsked<{ findings: Finding[] }>('findings', {});
  return (
    <>
      <div class="bar">
        <h1 tabIndex={-1}>Health</h1>
        <button type="button" onClick={asked.again}>
          Look again
        </button>
      </div>
      <When asked={asked}>
        {({ findings }) =>
          findings.length === 0 ? (
            <p class="notice">Nothing was found that somebody should look at.</p>
          ) : (
            <ul class="findings">
              {findings.map(({ severity, code, about, found, advice }) => (
                <li class="card" key={`${code} ${about}`}>
                  <h2>
                    <span class={`tag ${TONE[severity]}`}>{severity}</span> {shown(about)}
                  </h2>
                  <p>{shown(found)}</p>
                  <p class="advice">→ {shown(advice)}</p>
                  <code class="faint">{code}</code>
                </li>
              ))}
            </ul>
          )
        }
      </When>
    </>
  );
}
