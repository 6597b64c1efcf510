/**
 * Where go-yaml, by which Kubernetes reads YAML, differs from the parser that is used here.
 * Source: go.yaml.in/yaml/v2 v2.4.4 `resolve.go`, `decode.go` (merge), `readerc.go`; sigs.k8s.io/yaml v1.6.0 `yaml.go`.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type ScalarTag,
  type Tags,
  visit,
  type YAMLMap,
} from "yaml";

/** The text with line breaks that the parser does not know as such: a comment ends at each. */
export function withLineBreaks(text: string): string {
  return /[\r\u0085\u2028\u2029]/.test(text)
    ? text.replace(/\r(?!\n)|[\u0085\u2028\u2029]/g, "\n")
    : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those that go-yaml refuses
const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]/;

/** What go-yaml says of a text before it parses it. */
export function textComplaint(text: string): string | undefined {
  return control.test(text) ? "control characters are not allowed" : undefined;
}

/** Tags by which plain scalars are resolved: numbers as Go reads them, dates as text, sets and ordered maps as they are. */
export function goTags(tags: Tags): Tags {
  const kept = tags.filter((tag) => {
    if (typeof tag === "string")
      return !/^(int|float|timestamp|intTime|floatTime|set|omap|pairs)/.test(tag);
    return !/:(int|float|timestamp|set|omap|pairs)$/.test(tag.tag);
  });
  return [...kept, number("int"), number("float")];
}

function number(kind: "int" | "float"): ScalarTag {
  return {
    tag: `tag:yaml.org,2002:${kind}`,
    default: kind === "int",
    test: /^[-+.\d]/,
    resolve: (text, onError) => {
      const value = goNumber(text);
      const isOther = typeof value !== "number" || (kind === "int" && !Number.isInteger(value));
      // Without a tag of its own a scalar that is no number is text.
      if (kind === "float" && isOther) onError(`cannot decode \`${text}\` as a !!float`);
      return value;
    },
  };
}

const special: Readonly<Record<string, number>> = {
  ".nan": Number.NaN,
  ".NaN": Number.NaN,
  ".NAN": Number.NaN,
};
const infinity = /^([-+]?)\.(inf|Inf|INF)$/;
const styleOfFloat = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const integer = /^([-+]?)(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/;

/** A plain scalar that begins like a number, as Go reads it; text where it is none. */
function goNumber(text: string): number | string {
  const own = special[text];
  if (own !== undefined) return own;
  const [, infinite] = infinity.exec(text) ?? [];
  if (infinite !== undefined) return infinite === "-" ? -Infinity : Infinity;
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  const [, sign, digits] = integer.exec(plain) ?? [];
  if (digits !== undefined) {
    const octal = /^0[0-7]+$/.test(digits);
    const value = BigInt(octal ? `0o${digits.slice(1)}` : digits.toLowerCase());
    const limit = sign === "-" ? 2n ** 63n : 2n ** 64n - 1n;
    // Beyond 64 bits decimals are floats, and all others are text.
    if (value <= limit) return sign === "-" && value !== 0n ? -Number(value) : Number(value);
  }
  if (!styleOfFloat.test(plain)) return text;
  const value = Number(plain);
  return Number.isFinite(value) ? value : text;
}

/** What go-yaml says of a document that the parser takes. */
export function documentComplaint(document: Document, text: string): string | undefined {
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit && yaml.version !== "1.1") return "found incompatible YAML document";
  let complaint: string | undefined;
  const say = (message: string) => {
    complaint ??= message;
    return visit.BREAK;
  };
  visit(document, {
    Pair: (_, { key }) => {
      if (isMap(key) || isSeq(key)) return say("invalid map key");
      if (key === null || (isScalar(key) && key.value === null)) return say("unsupported map key");
      return undefined;
    },
    Scalar: (key, { value, source, type, tag, range }) => {
      if (typeof value === "number" && !Number.isFinite(value) && key !== "key") {
        return say(`unsupported value: ${value}`);
      }
      const written = /:(int|float|bool|null)$/.exec(tag ?? "")?.[1];
      const isOther =
        typeof value === "string" ||
        (written === "int" && typeof value === "number" && !Number.isInteger(value));
      if (written !== undefined && isOther) {
        return say(`cannot decode !!str as a !!${written}`);
      }
      if (type === "QUOTE_DOUBLE" && range && source !== undefined) {
        const own = text.slice(range[0], range[1]);
        if (/(^|[^\\])(\\\\)*\\\//.test(own)) return say("found unknown escape character");
      }
      return undefined;
    },
    Seq: (_, { flow, items }) => {
      for (const item of items) {
        const start = isNode(item) ? item.range?.[0] : undefined;
        if (start === undefined) continue;
        if (flow && text[start] === ":" && isScalar(item)) {
          return say("did not find expected node content");
        }
        if (flow) continue;
        const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
        if (/-[ ]*\t[ \t]*$/.test(line)) {
          return say("found character that cannot start any token");
        }
      }
      return undefined;
    },
  });
  return complaint;
}

/** A merge that follows a key takes its place, where the parser would let the key win. */
export function mergeAsGo(document: Document): void {
  visit(document, {
    Map: (_, map) => {
      for (let at = map.items.length - 1; at > 0; at -= 1) {
        const pair = map.items[at];
        if (!pair || !isMerge(pair)) continue;
        const merged = keysOf(pair.value, document, 0);
        for (let index = at - 1; index >= 0; index -= 1) {
          const before = map.items[index];
          if (before && !isMerge(before) && merged.has(nameOf(before))) {
            map.items.splice(index, 1);
            at -= 1;
          }
        }
      }
    },
  });
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<";
}

function nameOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

const maxMerges = 20;

function keysOf(value: unknown, document: Document, depth: number): ReadonlySet<string> {
  const node = isAlias(value) ? value.resolve(document) : value;
  if (depth > maxMerges) return new Set();
  if (isSeq(node)) return union(node.items.map((item) => keysOf(item, document, depth + 1)));
  if (!isMap(node)) return new Set();
  const { items } = node as YAMLMap;
  return union(
    items.map((item) =>
      isPair(item) && isMerge(item)
        ? keysOf(item.value, document, depth + 1)
        : new Set([nameOf(item)]),
    ),
  );
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((one) => [...one]));
}
