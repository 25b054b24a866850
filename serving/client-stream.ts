// Reads answers from a stream of server-sent events, as the endpoint writes them: one line of data an event (WHATWG HTML, section 9.2).
import type { Answer } from './contract.ts';

const DATA = 'data: ';

/** The answers as they arrive, until the stream ends. */
export async function* readAnswers(body: ReadableStream<Uint8Array>): AsyncGenerator<Answer> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) if (line.startsWith(DATA)) yield JSON.parse(line.slice(DATA.length)) as Answer;
  }
}
