import type { Json } from './openapi-schema.js';
import type { DocumentedAnswer } from './route.js';

/** Examples of answers: many routes answer with the same one, which then stands once, under its schema's name. */
export class SharedExamples {
  readonly #examples = new Map<string, Json>();
  readonly #names = new Map<string, string>();

  get components(): Json {
    return Object.fromEntries([...this.#examples].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** The member of a media type that shows the example of an answer. */
  of({ schema }: DocumentedAnswer, example: unknown): Json {
    const { title } = (schema ?? {}) as { title?: string };
    if (title === undefined) return { example };
    const text = title + JSON.stringify(example);
    let name = this.#names.get(text);
    if (name === undefined) {
      name = title;
      for (let count = 2; this.#examples.has(name); count++) name = `${title}_${count}`;
      this.#names.set(text, name);
    }
    return { examples: this.add(name, example) };
  }

  /** One under a name of its own: a part of an `examples` map. */
  add(name: string, value: unknown): Json {
    this.#examples.set(name, { value });
    return { [name]: { $ref: `#/components/examples/${name}` } };
  }
}
