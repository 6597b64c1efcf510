/**
 * cloud-init's user data: cloud-config, its multipart form, archives, and lists of other places.
 * Source: cloud-init `cloudinit/user_data.py`, `cloudinit/config/cc_write_files.py`, `cc_runcmd.py`, `cc_bootcmd.py`.
 */
import { decodeBase64, decodeBytes } from "./encoding.ts";
import type { Format, Given, GivenObject, ObjectFormat, Reading } from "./format.ts";
import { at, ofFile, underKey, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { mountedOver } from "./put-over.ts";
import { soundsDeciding, speaks } from "./speaks.ts";
import {
  asList,
  asObject,
  asText,
  type Json,
  type JsonObject,
  readYaml,
  type YamlDocument,
} from "./yaml.ts";

/** More parts than this are said to be not read: clouds take 16 KiB to 512 KiB of user data. */
const maxParts = 1000;

const jinja = /^\s*##\s*template:\s*jinja\s*\n/;
const cloudConfigHeader = /^#cloud-config(?![-\w])/;

function withoutJinja(text: string): string {
  return text.replace(jinja, "\n");
}

/** `#cloud-config`. */
export const cloudConfig: Format = {
  name: "cloud-config",
  about:
    "`#cloud-config`, with `## template: jinja` before it or not: `write_files` (text, base64, gzip, both; appended parts together), `runcmd` and `bootcmd` as one script; a file's `source`, `include`s, and `mounts` over folders of Kubernetes are said to be not read",
  recognises: (text) => cloudConfigHeader.test(withoutJinja(text).trimStart()),
  read: (text, origin) => {
    const { first, problems } = readYaml(withoutJinja(text), { where: origin.source.where });
    const object = asObject(first?.value);
    if (object && first) return readConfig(object, origin, first.lineOf);
    const message = origin.secret ? undefined : problems[0]?.message;
    return {
      pieces:
        speaks(text) === "of other things"
          ? []
          : [
              unread(
                origin,
                `a readable cloud-config in ${origin.source.where}${message === undefined ? "" : `: ${message}`}`,
                true,
              ),
            ],
      inner: [],
    };
  },
};

/** The same as an object, without its first line. */
export const cloudConfigObject: ObjectFormat = {
  name: "cloud-config as an object",
  about: "an object with `write_files`, `runcmd` or `bootcmd`",
  recognises: ({ kind, write_files, runcmd, bootcmd }) =>
    kind === undefined && [write_files, runcmd, bootcmd].some(Array.isArray),
  read: readConfig,
};

function onMachine(origin: Origin): Origin {
  return { ...origin, machine: origin.machine ?? origin.holder };
}

function readConfig(object: JsonObject, outer: Origin, lineOf: YamlDocument["lineOf"]): Reading {
  const origin = onMachine(outer);
  const pieces: Piece[] = [];
  const files = new Map<string, Given>();
  for (const [index, entry] of asList(object.write_files).entries()) {
    const file = asObject(entry) ?? {};
    const path = asText(file.path);
    if (path === undefined) continue;
    const here = at(ofFile(origin, path), ["write_files", index], lineOf);
    const content = contentOf(file);
    if (content === undefined) {
      if (soundsDeciding(path) || asObject(file.source)) {
        pieces.push(
          unread(here, `the text of ${path} in ${origin.source.where}`, soundsDeciding(path)),
        );
      }
      continue;
    }
    const before = file.append === true ? files.get(path)?.content : undefined;
    files.set(path, { content: joined(before, content), origin: here });
  }
  const inner: (Given | GivenObject)[] = [...files.values()];
  for (const key of ["bootcmd", "runcmd"] as const) {
    const script = asList(object[key]).map(commandOf).join("\n");
    if (script !== "") {
      inner.push({ content: `#!/bin/sh\n${script}\n`, origin: underKey(origin, key) });
    }
  }
  return { pieces: [...pieces, ...leftOver(object, origin)], inner };
}

/** Modules of cloud-init that bring scripts and settings from elsewhere. */
function leftOver(object: JsonObject, origin: Origin): Piece[] {
  const read = new Set([
    "write_files",
    "runcmd",
    "bootcmd",
    "packages",
    "package_update",
    "users",
    "apt",
  ]);
  const others = Object.entries(object).filter(([key]) => !read.has(key));
  return others.flatMap(([key, value]) => {
    if (key === "mounts") return mountsIn(value, object, origin);
    const isDeciding = speaks(JSON.stringify(value) ?? "") === "of settings";
    if (!isDeciding && !fromElsewhere.has(key)) return [];
    const what = `what ${key} of ${origin.source.where} makes of kubelets`;
    return [unread(underKey(origin, key), what, isDeciding)];
  });
}

/**
 * File systems over folders of Kubernetes, which hide what was written there; one that is made anew holds nothing else.
 * Source: cloud-init `cloudinit/config/cc_mounts.py`, `cc_disk_setup.py`.
 */
function mountsIn(value: Json, { fs_setup }: JsonObject, origin: Origin): Piece[] {
  const fresh = new Set(asList(fs_setup).map((entry) => asText(asObject(entry)?.device)));
  return asList(value).flatMap((entry) => {
    const [device, folder, type, options] = asList(entry).map(asText);
    return fresh.has(device)
      ? []
      : mountedOver({ device, folder, type, options }, underKey(origin, "mounts"));
  });
}

/** Modules that run what lies elsewhere. Source: cloud-init `cloudinit/config` (cc_ansible.py and its like). */
const fromElsewhere = new Set(["ansible", "chef", "mcollective", "puppet", "salt_minion"]);

function joined(before: Given["content"] | undefined, content: Given["content"]): Given["content"] {
  if (before === undefined) return content;
  const text = (part: Given["content"]): string => {
    const decoded = typeof part === "string" ? { text: part } : decodeBytes(part);
    return "text" in decoded ? decoded.text : "";
  };
  return text(before) + text(content);
}

/** A file's content out of its encoding; undefined where it is not here. */
function contentOf(file: JsonObject): Given["content"] | undefined {
  const written = file.content;
  if (written === undefined || written === null) {
    return asObject(file.source) || file.contentFrom ? undefined : "";
  }
  const text = typeof written === "string" ? written : JSON.stringify(written);
  const encoding = (asText(file.encoding) ?? "").toLowerCase();
  return decodedContent(text, encoding);
}

/** cloud-init's names of encodings, and Cluster API's; an unknown one leaves the text as it is. */
export function decodedContent(text: string, encoding: string): Given["content"] {
  // gzip without base64 would be bytes in a text; both are unpacked by what they begin with.
  return /^(b64|base64|gz\+b64|gzip\+b64|gzip\+base64|gz\+base64)$/.test(encoding)
    ? (decodeBase64(text, true) ?? text)
    : text.startsWith("\x1f\x8b")
      ? Buffer.from(text, "latin1")
      : text;
}

/** A command is shell text, or a list of words that needs no shell. */
function commandOf(command: Json): string {
  if (typeof command === "string") return command;
  return asList(command)
    .map((word) => `'${String(word).replaceAll("'", "'\\''")}'`)
    .join(" ");
}

/** `Content-Type: multipart/mixed; boundary=...`. */
export const multipart: Format = {
  name: "multipart MIME",
  about:
    "`Content-Type: multipart/...`: each part as a text of its own, out of base64 and quoted-printable",
  recognises: (text) => /^(MIME-Version:|Content-Type:\s*multipart)/i.test(text.trimStart()),
  read: (text, origin) => {
    const [head = "", body = ""] = split(text.replace(/\r\n/g, "\n").trimStart());
    const boundary = /boundary\s*=\s*"?([^"\s;]+)"?/i.exec(head)?.[1];
    if (boundary === undefined) {
      return { pieces: [unread(origin, `the parts of ${origin.source.where}`, true)], inner: [] };
    }
    const parts = `\n${body}`.split(`\n--${boundary}`).slice(1);
    if (parts.length > maxParts) return tooMany(parts.length, origin);
    const inner = parts.flatMap((part, index): Given[] => {
      if (part.startsWith("--")) return [];
      const inside = part.replace(/^[ \t]*\n/, "");
      const [headers = "", content = ""] = inside.startsWith("\n") ? ["", inside] : split(inside);
      const name = /filename\s*=\s*"?([^"\n;]+)"?/i.exec(headers)?.[1] ?? `part ${index + 1}`;
      return [
        { content: transferred(headers, content), origin: onMachine(underKey(origin, name)) },
      ];
    });
    return { pieces: [], inner };
  },
};

function tooMany(parts: number, origin: Origin): Reading {
  const what = `the ${parts} parts of ${origin.source.where}, more than ${maxParts}`;
  return { pieces: [unread(origin, what, true)], inner: [] };
}

function split(text: string): [string, string] {
  const end = text.indexOf("\n\n");
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end + 2)];
}

function transferred(headers: string, content: string): Given["content"] {
  const encoding = /Content-Transfer-Encoding:\s*([\w-]+)/i.exec(headers)?.[1]?.toLowerCase();
  if (encoding === "base64") return decodeBase64(content, true) ?? content;
  return encoding === "quoted-printable"
    ? content
        .replace(/=\n/g, "")
        .replace(/=([\dA-F]{2})/gi, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
    : content;
}

/** `#include`: what it names is elsewhere. */
export const include: Format = {
  name: "cloud-init include file",
  status: "recognised",
  about: "`#include`, `#include-once`: what it names is elsewhere, and is said to be not read",
  recognises: (text) => /^#include(-once)?\b/.test(text.trimStart()),
  read: (text, origin) => {
    const addresses = text
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("#"));
    const named = origin.secret ? "" : ` (${addresses.slice(0, 3).join(", ").slice(0, 200)})`;
    return {
      pieces: [unread(origin, `the user data that ${origin.source.where} includes${named}`, true)],
      inner: [],
    };
  },
};

/** `#cloud-config-archive`: a list of parts. */
export const archive: Format = {
  name: "cloud-config archive",
  about: "`#cloud-config-archive`: each part as a text of its own",
  recognises: (text) => text.trimStart().startsWith("#cloud-config-archive"),
  read: (text, origin) => {
    const { first } = readYaml(text, { where: origin.source.where });
    const parts = asList(first?.value);
    if (parts.length > maxParts) return tooMany(parts.length, origin);
    return {
      pieces: [],
      inner: parts.flatMap((part, index): Given[] => {
        const content = asText(asObject(part)?.content) ?? asText(part);
        return content === undefined
          ? []
          : [{ content, origin: onMachine(underKey(origin, `part ${index + 1}`)) }];
      }),
    };
  },
};

/** PowerShell, and scripts of other languages: known by their first line, and not read. */
export const otherScript: Format = {
  name: "script of another language",
  status: "recognised",
  about:
    "PowerShell (`<powershell>`, `#ps1`), Python, Perl, Ruby: said to be not read where they speak of kubelets",
  recognises: (text) =>
    /^\s*(<powershell>|#ps1(_sysnative|_x86)?\b|#!\s*\S*(python|perl|ruby|node|pwsh))/i.test(
      text,
    ) ||
    (/^[ \t]*(\$\w+\s*=|param\s*\(|\[CmdletBinding|#Requires)/im.test(text) &&
      /\b(Set-Content|Out-File|New-Service|Start-Process|Write-Host)\b/.test(text)),
  read: (text, origin) => {
    const speech = speaks(text);
    return {
      pieces:
        speech === "of other things"
          ? []
          : [
              unread(
                origin,
                `what ${origin.source.where} does, a script of a language that is not read`,
                speech === "of settings",
              ),
            ],
      inner: [],
    };
  },
};
