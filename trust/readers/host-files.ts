/** Host-files Secrets: the files of one machine at their own paths, and what is written about the machine. */
import { posix } from "node:path";
import { type Fact, known, type Source, unknown } from "../words/fact.ts";
import type { NodeAddress } from "../words/facts.ts";
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
import { ofFile, titleOf, unread } from "./origins.ts";
import type { Origin, UnreadPiece } from "./piece.ts";
import { annotationsOf, asObject, type JsonObject, textMap } from "./yaml.ts";

export const hostFiles: ObjectFormat = {
  name: "files of a machine",
  about:
    "a Secret of type `kubelet-trust/host-files`, as stacks render them: each file at its path on the machine, with the machine's name, addresses and version; nothing of it is ever quoted",
  recognises: ({ kind, type }) => kind === "Secret" && type === hostFilesSecretType,
  read: (object, origin) => {
    const data = storedData(textMap(object.data), textMap(object.stringData));
    const host = hostOf(object, origin);
    // Machines of one folder share their holder.
    const machine = origin.machine ?? `${origin.holder} ${host.name}`;
    const here: Origin = { ...origin, secret: true, machine, host };
    const listed = listedFiles(textUnder(data, fileListKey), (key) => bytesUnder(data, key), here);
    if ("kind" in listed) return { pieces: [listed], inner: [] };
    const inner = [...listed.files].flatMap(([path, content]): Given[] =>
      content ? [{ content, origin: ofFile(here, path) }] : [],
    );
    return { pieces: listed.lost, inner };
  },
};

/** The files of a machine by their paths, and what its Secret has lost of them. */
export type ListedFiles<Content> = {
  readonly files: ReadonlyMap<string, Content | undefined>;
  readonly lost: readonly UnreadPiece[];
};

/**
 * The files that a machine's Secret lists; what is missing where there is no list.
 *
 * @param list the text under {@link fileListKey}, if there is one
 * @param contentOf what the Secret has under a key
 */
export function listedFiles<Content>(
  list: string | undefined,
  contentOf: (key: string) => Content | undefined,
  origin: Origin,
): ListedFiles<Content> | UnreadPiece {
  const { where } = origin.source;
  const listed = readFileList(list ?? "");
  if (listed === undefined) {
    return unread(origin, `the files of ${where}: its ${fileListKey} is no list of files`, true);
  }
  const files = new Map(
    listed.map(({ path, key }) => [posix.normalize(path), contentOf(key)] as const),
  );
  // No machine can be made without one, whatever it is for.
  const lost = [...files].flatMap(([path, content]) =>
    content === undefined ? [unread(origin, `the content of ${path} of ${where}`, true)] : [],
  );
  return { files, lost };
}

/** The addresses of a machine: what its Secret's annotation says, if it has one. */
export function addressesIn(
  written: string | undefined,
  source: Source,
): Fact<readonly NodeAddress[]> {
  const annotation = `the annotation ${addressesAnnotation} of ${source.where}`;
  if (written === undefined) return unknown(annotation, source);
  const addresses = readAddresses(written);
  return typeof addresses === "string"
    ? unknown(`${annotation}, which has ${JSON.stringify(addresses)}`, source)
    : known(addresses, { ...source, key: addressesAnnotation });
}

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
  return {
    name: textMap(asObject(object.metadata)?.labels)[machineLabel] ?? titleOf(object),
    addresses: addressesIn(annotations[addressesAnnotation], source),
    ...(version !== undefined && { version }),
  };
}
