/**
 * Ignition (versions 2 and 3) and Butane: files, units with drop-ins, and what is elsewhere.
 * Source: coreos/ignition `docs/configuration-v3_4.md`, `doc/configuration-v2_2.md`; coreos/butane `docs/config-fcos-v1_5.md`.
 */
import { posix } from "node:path";
import { decodeBase64 } from "./encoding.ts";
import type { Given, GivenObject, ObjectFormat, Reading } from "./format.ts";
import { isAboveKubernetes, isOfKubernetes } from "./host-paths.ts";
import { at, ofFile, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { mountedOver } from "./put-over.ts";
import { soundsDeciding } from "./speaks.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

export const ignition: ObjectFormat = {
  name: "Ignition",
  about:
    "versions 2 and 3: `storage.files` (`data:` URLs in any encoding, `append`, gzip), `storage.links` to places of Kubernetes, `systemd.units` with drop-ins, `ignition.config` given inline; remote sources are said to be not read",
  recognises: ({ ignition: head }) => asText(asObject(head)?.version) !== undefined,
  read: readConfig,
};

export const butane: ObjectFormat = {
  name: "Butane",
  about:
    "`variant` and `version`: `storage.files` with `contents.inline`, `systemd.units`; `storage.trees` and links that bring files of Kubernetes are said to be not read; `local` and remote sources are said to be not read",
  recognises: ({ variant, version, storage, systemd }) =>
    asText(variant) !== undefined && version !== undefined && (storage ?? systemd) !== undefined,
  read: readConfig,
};

/** Source: OpenShift `machineconfiguration/v1` (MachineConfigSpec). */
export const machineConfig: ObjectFormat = {
  name: "OpenShift's MachineConfig",
  about:
    "its Ignition configuration, whose files may be for the kubelet that OpenShift starts; what OpenShift does itself is a note",
  recognises: ({ apiVersion, kind }) =>
    kind === "MachineConfig" && /^machineconfiguration\./.test(asText(apiVersion) ?? ""),
  read: (object, origin, lineOf) => {
    const config = valueAt(object, ["spec", "config"]);
    const isKnown = config === undefined || asObject(config) !== undefined;
    return {
      pieces: [
        {
          ...unread(origin, `what OpenShift makes of ${origin.source.where}`, !isKnown),
          startsKubelet: true,
        },
      ],
      inner: [
        {
          object: config ?? {},
          origin,
          lineOf: (path) => lineOf(["spec", "config", ...path]),
        },
      ],
    };
  },
};

function readConfig(object: JsonObject, outer: Origin, lineOf: YamlDocument["lineOf"]): Reading {
  const origin = { ...outer, machine: outer.machine ?? outer.holder };
  const pieces: Piece[] = [];
  const inner: (Given | GivenObject)[] = [];
  const take = ({ content, missing }: Content, here: Origin, name: string): void => {
    if (content !== undefined) inner.push({ content, origin: here });
    else if (missing !== undefined && !isProgramFile(name)) {
      pieces.push(
        unread(
          here,
          `the text of ${name}, which ${origin.source.where} ${missing}`,
          soundsDeciding(name),
        ),
      );
    }
  };
  for (const [index, entry] of asList(valueAt(object, ["storage", "files"])).entries()) {
    const file = asObject(entry) ?? {};
    const path = asText(file.path);
    if (path === undefined) continue;
    const where: FieldPath = ["storage", "files", index];
    const here = at(ofFile(origin, path), where, lineOf);
    const parts = [file.contents, ...asList(file.append)].filter((part) => part !== undefined);
    take(together(parts.map(contentOf)), here, path);
  }
  for (const [field, entry] of othersIn(object)) {
    const here = at(origin, ["storage", field], lineOf);
    const known = inner.find(
      (one): one is Given => "content" in one && one.origin.path === entry.from,
    );
    if (known) inner.push({ content: known.content, origin: ofFile(here, entry.to) });
    else
      pieces.push(
        unread(
          here,
          `what ${entry.from} makes of ${entry.to}, where ${origin.source.where} puts it`,
          entry.decides,
        ),
      );
  }
  pieces.push(...fileSystemsIn(object, origin, lineOf));
  for (const [index, entry] of asList(valueAt(object, ["systemd", "units"])).entries()) {
    const unit = asObject(entry) ?? {};
    const name = asText(unit.name) ?? `unit ${index}`;
    const folder = "/etc/systemd/system";
    const where: FieldPath = ["systemd", "units", index];
    take(
      plain(unit.contents, unit.contents_local),
      at(ofFile(origin, `${folder}/${name}`), where, lineOf),
      name,
    );
    for (const dropIn of asList(unit.dropins ?? unit.dropIns)) {
      const own = asObject(dropIn) ?? {};
      const path = `${folder}/${name}.d/${asText(own.name) ?? "dropin.conf"}`;
      take(plain(own.contents, own.contents_local), at(ofFile(origin, path), where, lineOf), path);
    }
  }
  for (const content of included(object)) {
    take(
      content,
      { ...origin, source: { where: `${origin.source.where}: ignition.config` } },
      "a kubelet's Ignition configuration",
    );
  }
  return { pieces, inner };
}

/** File systems that a machine is set up with; one that is wiped holds nothing else. Source: as above (storage.filesystems). */
function fileSystemsIn(
  object: JsonObject,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
): Piece[] {
  const path: FieldPath = ["storage", "filesystems"];
  return asList(valueAt(object, path)).flatMap((entry, index) => {
    const { device, path: folder, format, wipeFilesystem } = asObject(entry) ?? {};
    const mount = { device: asText(device), folder: asText(folder), type: asText(format) };
    return wipeFilesystem === true ? [] : mountedOver(mount, at(origin, [...path, index], lineOf));
  });
}

/** A file, or a folder of Butane's, that stands at a place of Kubernetes by a link or a copy. */
type Other = { readonly from: string; readonly to: string; readonly decides: boolean };

/**
 * Links and trees. A link that enables a unit, or masks it, brings no text.
 * Sources: Ignition `docs/configuration-v3_5.md` (storage.links), Butane `docs/config-fcos-v1_6.md` (storage.trees).
 */
function othersIn(object: JsonObject): (readonly [field: string, Other])[] {
  const entries = (field: string) =>
    asList(valueAt(object, ["storage", field])).map((entry) => asObject(entry) ?? {});
  const links = entries("links").flatMap(({ path, target }): Other[] => {
    const to = asText(path) ?? "";
    const from = posix.resolve(posix.dirname(to), asText(target) ?? "");
    const brings = isOfKubernetes(to) && !/\.(?:wants|requires)\//.test(to) && from !== "/dev/null";
    return brings ? [{ from, to, decides: true }] : [];
  });
  const trees = entries("trees").flatMap(({ path, local }): Other[] => {
    const [to, from] = [asText(path) ?? "/", asText(local) ?? ""];
    if (!isOfKubernetes(to) && !isAboveKubernetes(to)) return [];
    return [{ from, to, decides: isOfKubernetes(to) || soundsDeciding(from) }];
  });
  return [
    ...links.map((one) => ["links", one] as const),
    ...trees.map((one) => ["trees", one] as const),
  ];
}

/** What is no text anyway. */
function isProgramFile(path: string): boolean {
  return /\/s?bin\/|\.(exe|tar|tgz|gz|zip|raw|img|deb|rpm)$/.test(path);
}

type Content = { readonly content?: Given["content"]; readonly missing?: string };

/** Configurations that are merged into this one, or replace it. */
function included(object: JsonObject): Content[] {
  const config = asObject(valueAt(object, ["ignition", "config"]));
  return [...asList(config?.merge), ...asList(config?.append), config?.replace]
    .filter((entry) => asObject(entry ?? null) !== undefined)
    .map((entry) => contentOf(entry ?? null));
}

function together(contents: readonly Content[]): Content {
  const [first, ...others] = contents;
  if (first === undefined) return {};
  const missing = contents.find((one) => one.missing !== undefined);
  if (missing) return missing;
  if (others.length === 0) return first;
  return {
    content: contents
      .map(({ content }) =>
        typeof content === "string" ? content : Buffer.from(content ?? "").toString("utf8"),
      )
      .join(""),
  };
}

function plain(contents: Json | undefined, local: Json | undefined): Content {
  const text = asText(contents);
  if (text !== undefined) return { content: text };
  return local === undefined ? {} : { missing: "takes from a local file" };
}

/** `contents`: text inline, a `data:` URL, a place elsewhere. */
function contentOf(contents: Json): Content {
  const own = asObject(contents);
  if (!own) return asText(contents) === undefined ? {} : { content: asText(contents) ?? "" };
  const inline = asText(own.inline);
  if (inline !== undefined) return { content: inline };
  if (own.local !== undefined) return { missing: "takes from a local file" };
  const source = asText(own.source);
  if (source === undefined || source === "") return { content: "" };
  if (!source.startsWith("data:")) return { missing: "takes from elsewhere" };
  return { content: dataOf(source) };
}

/** The content of a `data:` URL. */
function dataOf(url: string): Given["content"] {
  const comma = url.indexOf(",");
  const head = url.slice(0, Math.max(comma, 0));
  let data = url.slice(comma + 1);
  try {
    data = decodeURIComponent(data);
  } catch {
    // A percent sign of its own: it stays as it is.
  }
  return /;base64$/i.test(head) ? (decodeBase64(data, true) ?? data) : data;
}
