/** Host-files Secrets: the files of one machine at their own paths, and what is written about the machine. */
import { known, unknown } from "../words/fact.ts";
import {
  addressesAnnotation,
  fileListKey,
  hostFilesSecretType,
  kubernetesVersionAnnotation,
  machineLabel,
  readAddresses,
  readFileList,
  storedData,
} from "../words/host-files.ts";
import { decodeBase64 } from "./encoding.ts";
import type { Given, ObjectFormat } from "./format.ts";
import { annotationsOf, ofFile, textMap, titleOf, unread } from "./origins.ts";
import type { Origin } from "./piece.ts";
import { asObject, type JsonObject } from "./yaml.ts";

export const hostFiles: ObjectFormat = {
  name: "files of a machine",
  status: "read",
  about:
    "a Secret of type `kubelet-trust/host-files`, as stacks render them: each file at its path on the machine, with the machine's name, addresses and version; nothing of it is ever quoted",
  recognises: ({ kind, type }) => kind === "Secret" && type === hostFilesSecretType,
  read: (object, origin) => {
    const data = storedData(textMap(object.data), textMap(object.stringData));
    const host = hostOf(object, origin);
    // Machines of one folder share their holder.
    const machine = origin.machine ?? `${origin.holder} ${host.name}`;
    const here: Origin = { ...origin, secret: true, machine, host };
    const list = readFileList(textUnder(data, fileListKey) ?? "");
    if (list === undefined) {
      return { pieces: [unread(here, `the files of ${origin.source.where}`, true)], inner: [] };
    }
    const files = list.map(({ path, key }) => ({ path, bytes: bytesUnder(data, key) }));
    const lost = files.flatMap(({ path, bytes }) =>
      bytes ? [] : [unread(here, `${path} of ${origin.source.where}`, true)],
    );
    const inner = files.flatMap(({ path, bytes }): Given[] =>
      bytes ? [{ content: bytes, origin: ofFile(here, path) }] : [],
    );
    return { pieces: lost, inner };
  },
};

function bytesUnder(data: Readonly<Record<string, string>>, key: string): Uint8Array | undefined {
  const text = Object.hasOwn(data, key) ? data[key] : undefined;
  return text === undefined ? undefined : decodeBase64(text, true);
}

function textUnder(data: Readonly<Record<string, string>>, key: string): string | undefined {
  const bytes = bytesUnder(data, key);
  return bytes && Buffer.from(bytes).toString("utf8");
}

function hostOf(object: JsonObject, { source }: Origin): NonNullable<Origin["host"]> {
  const annotations = annotationsOf(object);
  const version = annotations[kubernetesVersionAnnotation];
  const addresses = readAddresses(annotations[addressesAnnotation] ?? "");
  return {
    name: textMap(asObject(object.metadata)?.labels)[machineLabel] ?? titleOf(object),
    addresses:
      typeof addresses === "string"
        ? unknown(`the annotation ${addressesAnnotation} of ${source.where}`, source)
        : known(addresses, { ...source, key: addressesAnnotation }),
    ...(version !== undefined && { version }),
  };
}
