/** ConfigMaps and Secrets: every text in them, out of base64 where it is in that. */
import { decodeBase64, decodeBytes } from "./encoding.ts";
import type { Given, ObjectFormat, Reading } from "./format.ts";
import { file, titleOf, underKey, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { soundsDeciding } from "./speaks.ts";
import { asObject, asText, type JsonObject } from "./yaml.ts";

export const configMap: ObjectFormat = {
  name: "ConfigMap",
  about:
    "`data`, `binaryData` and `immutable` copies of them: each key as a text of its own, in any encoding",
  recognises: ({ kind }) => kind === "ConfigMap",
  read: (object, origin) =>
    readMaps(object, origin, [
      { property: "data", isBase64: false },
      { property: "binaryData", isBase64: true },
    ]),
};

/** Source: kubernetes `staging/src/k8s.io/cluster-bootstrap/token/api/types.go` (SecretTypeBootstrapToken). */
const bootstrapTokenType = "bootstrap.kubernetes.io/token";

export const secret: ObjectFormat = {
  name: "Secret",
  about:
    "`data` (base64) and `stringData`: each key as a text of its own; nothing of it is ever quoted",
  recognises: ({ kind }) => kind === "Secret",
  read: (object, origin) =>
    // Its keys are fixed: a token, its end and its groups, whose names may speak of kubeadm; no setting is among them.
    asText(object.type) === bootstrapTokenType
      ? { pieces: [], inner: [] }
      : readMaps(object, { ...origin, secret: true }, [
          { property: "data", isBase64: true },
          { property: "stringData", isBase64: false },
        ]),
};

type Property = { readonly property: string; readonly isBase64: boolean };

function readMaps(object: JsonObject, origin: Origin, properties: readonly Property[]): Reading {
  const pieces: Piece[] = [];
  const inner: Given[] = [];
  for (const { property, isBase64 } of properties) {
    const written = object[property];
    const map = asObject(written);
    if (typeof written === "string" && soundsDeciding(titleOf(object))) {
      pieces.push(unread(origin, `${property} of ${origin.source.where}`, true));
    }
    for (const [key, value] of Object.entries(map ?? {})) {
      const text = asText(value);
      if (text === undefined) continue;
      const read = readEntry(text, isBase64, underKey(origin, key), key, object);
      pieces.push(...read.pieces);
      inner.push(...(read.inner as Given[]));
    }
  }
  return { pieces, inner };
}

function readEntry(
  text: string,
  isBase64: boolean,
  origin: Origin,
  key: string,
  object: JsonObject,
): Reading {
  if (isUnknown(text)) {
    return soundsDeciding(key, titleOf(object))
      ? { pieces: [unread(origin, `the text of ${origin.source.where}`, true)], inner: [] }
      : { pieces: [], inner: [] };
  }
  const bytes = isBase64 ? decodeBase64(text, true) : undefined;
  if (isBase64 && bytes === undefined) {
    return text.trim() !== "" && soundsDeciding(key, titleOf(object))
      ? { pieces: [unread(origin, `${origin.source.where}, which is no base64`, true)], inner: [] }
      : { pieces: [], inner: [] };
  }
  const decoded = bytes === undefined ? { text } : decodeBytes(bytes);
  return {
    pieces: "text" in decoded ? [file(origin, key, decoded.text)] : [],
    inner: [{ content: bytes ?? text, origin }],
  };
}
