// The contract as a page that people read, made of the OpenAPI document alone: no script, nothing from elsewhere.
import { createHash } from 'node:crypto';
import { OPENAPI_PATH, problemTable } from './openapi.ts';
import type { OpenApi, OpenApiOperation, OpenApiParameter } from './openapi-components.ts';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a7a5c; }
@media (prefers-color-scheme: dark) { :root { --accent: #5cd6b0; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem; }
a { color: var(--accent); }
code, pre { font: 0.875em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); overflow-x: auto; padding: 0.75rem 1rem; border-radius: 6px; }
h2 { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.5rem; }
h3 { margin: 2rem 0 0.25rem; overflow-wrap: anywhere; }
.method { color: var(--accent); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.75rem 0.35rem 0; text-align: left; vertical-align: top; }
td:first-child { white-space: nowrap; }
summary { cursor: pointer; padding: 0.5rem 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;

/** What the page may load: its own style, by its hash. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
/** Text with `code` in backticks. */
const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
const row = (...cells: readonly string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  `<div class="table"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;

interface SchemaShape {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: SchemaShape;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly properties?: { readonly [name: string]: SchemaShape };
  readonly required?: readonly string[];
}

/** A schema in a few words. */
function shapeOf({ $ref, type, items, minimum, maximum, enum: choices }: SchemaShape): string {
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1)!;
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (items !== undefined) return `array of ${shapeOf(items)}`;
  if (choices !== undefined) return choices.map((choice) => `<code>${escaped(choice)}</code>`).join(', ');
  const bounds =
    minimum === undefined ? '' : maximum === undefined ? `, ${minimum} or more` : `, ${minimum} to ${maximum}`;
  return `${escaped(type ?? 'any')}${bounds}`;
}

function operation(
  path: string,
  method: string,
  { operationId, summary, description, parameters = [], responses }: OpenApiOperation,
  document: OpenApi,
): string {
  const resolved = parameters.map(
    (one): OpenApiParameter => ('$ref' in one ? document.components.parameters[one.$ref.split('/').at(-1)!]! : one),
  );
  const own = resolved.filter((one) => one.in !== 'header');
  const rows = own.map((one) =>
    row(`<code>${escaped(one.name)}</code>`, shapeOf(one.schema as SchemaShape), prose(one.description ?? '')),
  );
  const statuses = Object.entries(responses).map(([status, one]) =>
    row(status, prose('$ref' in one ? '' : one.description)),
  );
  const hasExample = method === 'get' && !path.includes('{');
  return [
    `<section id="${operationId}"><h3><span class="method">${method.toUpperCase()}</span> ${hasExample ? `<a href="${path}"><code>${path}</code></a>` : `<code>${escaped(path)}</code>`}</h3>`,
    `<p>${prose(summary)}.${description === undefined ? '' : ` ${prose(description)}`}</p>`,
    rows.length === 0
      ? ''
      : `<details><summary>${rows.length} parameters</summary>${table(['name', 'value', 'meaning'], rows)}</details>`,
    `<details><summary>${statuses.length} answers</summary>${table(['status', 'when'], statuses)}</details></section>`,
  ].join('\n');
}

function schemaSection(name: string, { properties = {}, required = [] }: SchemaShape): string {
  const rows = Object.entries(properties).map(([field, schema]) =>
    row(
      `<code>${escaped(field)}</code>${required.includes(field) ? '' : ' <small>optional</small>'}`,
      shapeOf(schema),
      prose(schema.description ?? ''),
    ),
  );
  return `<h3 id="schema-${name}">${name}</h3>${table(['field', 'value', 'meaning'], rows)}`;
}

/** The page. */
export function docsPage(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  );
  const contents = operations.map(({ path, method, one }) =>
    row(`<a href="#${one.operationId}">${method.toUpperCase()} <code>${escaped(path)}</code></a>`, prose(one.summary)),
  );
  const problems = problemTable().map(({ kind, status, title }) =>
    row(`<code id="problem-${kind}">/problems/${kind}</code>`, String(status), escaped(title)),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Freshet: the endpoint</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(document.info.title)}: the endpoint</h1>
<p>${prose(document.info.description)} For programs: <a href="${OPENAPI_PATH}">OpenAPI 3.1</a>, version ${escaped(document.info.version)}.</p>
<pre>curl "http://127.0.0.1:8080/v1/visitors/v1/recommendations?n=3&amp;fields=title,price"</pre>
${table(['address', 'what'], contents)}
<h2>Addresses</h2>
${operations.map(({ path, method, one }) => operation(path, method, one, document)).join('\n')}
<h2>Answers</h2>
${Object.entries(document.components.schemas)
  .map(([name, schema]) => schemaSection(name, schema as SchemaShape))
  .join('\n')}
<h2 id="problems">Problems</h2>
<p>What went wrong is an <code>application/problem+json</code> document (RFC 9457). Compare <code>type</code>; <code>detail</code> is for people and names what is allowed.</p>
${table(['type', 'status', 'meaning'], problems)}
</main>
</body>
</html>
`;
}
