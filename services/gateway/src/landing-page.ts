import { escapeHtml } from '@signalbox/http';

/** The page at `/`: what this is, whether it is healthy, and where to go. No script, no asset from elsewhere. */
export const landingPage = (facts: {
  /** As the browser wrote it: it is shown, so it is escaped. */
  readonly address: string;
  readonly version: string;
  readonly healthy: boolean;
  readonly sessions: number;
}): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signalbox</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #363c47); --quiet: light-dark(#5a6372, #9aa4b4); --good: light-dark(#18794e, #4cc38a); --bad: light-dark(#c62a2f, #ff6369); }
body { font: 17px/1.55 system-ui, sans-serif; margin: 0 auto; padding: 8vh 24px 48px; max-width: 44rem; background: light-dark(#fbfcfd, #15181e); color: light-dark(#11181c, #e7eaee); }
h1 { font-size: 2rem; margin: 0; }
.state { display: inline-flex; gap: .5em; align-items: center; margin: 1.25rem 0; padding: .35em .9em; border: 1px solid var(--line); border-radius: 2em; }
.state::before { content: ""; width: .6em; height: .6em; border-radius: 50%; background: var(${facts.healthy ? '--good' : '--bad'}); }
nav { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem; margin-top: 1.5rem; }
nav a { border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; text-decoration: none; color: inherit; }
nav a:hover, nav a:focus-visible { border-color: currentColor; }
nav small, footer { color: var(--quiet); display: block; }
footer { margin-top: 2.5rem; font-size: .9rem; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; font-size: .85rem; }
</style>
</head>
<body>
<main>
<h1>Signalbox</h1>
<p>WebRTC signaling with a flight recorder. Offers, answers, ICE candidates and credentials are events in a log;
discovery and polling are projections of it; expiry is a compensating event.</p>
<p class="state" role="status">${facts.healthy ? 'Healthy' : 'Not healthy'} · ${facts.sessions} live ${facts.sessions === 1 ? 'session' : 'sessions'}</p>
<p>Begin with a credential. The answer holds a token that works at once:</p>
<pre><code>curl -X POST ${escapeHtml(facts.address)}/v1/credentials</code></pre>
<nav aria-label="Where to go">
<a href="/docs">Reference <small>every path, with examples</small></a>
<a href="/console">Console <small>why a call did not connect</small></a>
<a href="/openapi.json">OpenAPI 3.1 <small>for generators and tools</small></a>
<a href="/health">Health <small>each dependency, with latency</small></a>
</nav>
</main>
<footer>Version ${facts.version} · Rondevu clients: <code>POST /rpc</code> · Apache-2.0</footer>
</body>
</html>
`;
