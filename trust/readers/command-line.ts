/**
 * A program's command line, as far as it is known, from an argument list or from shell text, behind whatever starts it.
 */
import type { Problem, Source } from "../words/fact.ts";
import { type HandedOn, handedOnAt, settingsByWords, tunesAlone } from "./handed-on.ts";
import { baseName, hyperkubeParts, imageName, isProgram, type Program } from "./program-names.ts";
import { withOwnNames } from "./shell-aliases.ts";
import {
  type ChangedFile,
  changedBy,
  type KnownFiles,
  type ShellFile,
  shellFiles,
} from "./shell-files.ts";
import type { Environment, Remark, ShellCommand } from "./shell-parts.ts";
import { type Around, exportRemark, remarkOf } from "./shell-remarks.ts";
import { shellCommands } from "./shell-words.ts";
import { nameless } from "./speaks.ts";
import type { Settings } from "./tuning.ts";
import { textOf, toWords, type Word } from "./word.ts";

export { isProgram, type Program, programs } from "./program-names.ts";
export { toWords, type Word } from "./word.ts";

export type CommandLine = {
  readonly program: Program;
  /** The words after the program. */
  readonly words: readonly Word[];
  readonly source: Source;
  /** The unknown program that is taken to start this one, e.g. `netns-wrapper`. */
  readonly through?: string;
};

export type CommandLines = {
  readonly commandLines: readonly CommandLine[];
  /** Words in which a program is named whose flags were not found, and what was cut off by a bound. */
  readonly problems: readonly (Problem & Pick<Settings, "opens">)[];
  /** What is done beside them and not read. */
  readonly notes: readonly Note[];
  /** Files that the commands write, and documents that they hand to others. */
  readonly files: readonly ShellFile[];
  readonly changed: readonly ChangedFile[];
  /** Every simple command, for those who look for others, e.g. kubeadm. */
  readonly commands: readonly ShellCommand[];
};

/** What is not read and decides nothing by itself. */
export type Note = Problem & {
  /** It starts a kubelet, with files and flags of its own. */
  readonly startsKubelet?: true;
};

/**
 * Finds the programs in an argument list such as a container's `command` and `args`, behind wrappers, containers
 * and shells. Nothing found is an empty list; a program that is named and whose flags were not found is a problem.
 */
export function readArguments(
  argv: readonly (string | Word)[],
  source: Source,
  environment: Environment = {},
): CommandLines {
  const found = emptyFound();
  const words = toWords(argv, source);
  for (const file of changedBy(words, source.line ?? 1)) found.changed.push(file);
  findPrograms(words, source, { environment, known: noFiles, depth: 0, found });
  return found;
}

/**
 * Finds the programs in shell text, with line continuations, quotes and the variables of `environment`.
 *
 * @param known files of the same machine that something else has written; default none
 */
export function readShell(
  text: string,
  source: Source,
  environment: Environment = {},
  known: KnownFiles = noFiles,
): CommandLines {
  const found = emptyFound();
  findInShell(text, source, [], { environment, known, depth: 0, found });
  return found;
}

const noFiles: KnownFiles = () => undefined;

type FoundSoFar = {
  commandLines: CommandLine[];
  problems: CommandLines["problems"][number][];
  notes: Note[];
  files: ShellFile[];
  changed: ChangedFile[];
  commands: ShellCommand[];
};

function emptyFound(): FoundSoFar {
  return { commandLines: [], problems: [], notes: [], files: [], changed: [], commands: [] };
}

type Search = {
  readonly environment: Environment;
  readonly known: KnownFiles;
  readonly depth: number;
  readonly found: FoundSoFar;
};

const maxNesting = 5;
/** Programs that one text starts; no machine starts as many kubelets, and each is judged. */
export const maxPrograms = 1_000;

/** What is said where more programs are started than are read. */
export function tooMany(source: Source): Problem {
  const message = `what is started from here on: more than ${maxPrograms} programs in one text`;
  return { message, source, fatal: false };
}

function findInShell(
  text: string,
  source: Source,
  positional: readonly Word[],
  search: Search,
): void {
  const { found, environment, known } = search;
  const { exported, problems, ...read } = shellCommands(text, source, environment, positional);
  const commands = withOwnNames(read.commands);
  found.problems.push(...problems);
  const { files, changed } = shellFiles(commands, known);
  for (const file of files) found.files.push(file);
  for (const file of changed) found.changed.push(file);
  const written = new Set(files.map(({ path }) => path));
  const unread = new Set(changed.map(({ path }) => path));
  const around: Around = {
    isUnread: (path) => unread.has(path),
    known: (path) => (written.has(path) ? "" : known(path)),
  };
  for (const command of commands) {
    found.commands.push(command);
    const here = { ...source, line: command.line };
    if (found.commandLines.length >= maxPrograms) {
      found.problems.push(tooMany(here));
      return;
    }
    const before = found.commandLines.length + found.problems.length;
    const lines = found.commandLines.length;
    findPrograms(command.words, here, search);
    const isFound = found.commandLines.length + found.problems.length > before;
    say(remarkOf(command, isFound, around), here, found);
    const { condition } = command;
    if (condition === undefined) continue;
    for (const { program } of found.commandLines.slice(lines)) {
      const message = `${condition}, under which ${program} is started`;
      found.problems.push({ message, source: here, fatal: false });
    }
  }
  for (const { text: given, line } of exported.slice(0, maxExported)) {
    say(exportRemark(given, text), { ...source, line }, found);
  }
}

/** Variables that are looked for in the script that exports them. */
const maxExported = 200;

function say(remark: Remark | undefined, source: Source, found: FoundSoFar): void {
  if (remark === undefined) return;
  if (remark.kind === "object") {
    found.files.push({ content: remark.content, line: source.line ?? 1 });
  } else {
    const list = remark.kind === "note" ? found.notes : found.problems;
    list.push({ message: remark.message, source, fatal: false });
  }
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

const shells = new Set(["sh", "bash", "ash", "dash", "zsh", "ksh"]);
/** Programs that run the program that follows their own options. */
const wrappers = words(`
  exec command builtin env sudo doas nohup nice ionice setsid time timeout chroot stdbuf unshare
  nsenter setpriv tini tini-static dumb-init catatonit go-runner systemd-run systemd-cat
  systemd-inhibit flock taskset chrt numactl prlimit runuser su gosu su-exec setarch linux64 capsh
  cgexec strace ip xargs s6-setuidgid s6-envuidgid s6-envdir s6-softlimit s6-setsid s6-log s6-svscan
  with-contenv execlineb docker podman nerdctl ctr crictl rkt runc machinectl systemd-nspawn script
  watch
`);
/** Words of the shell's grammar before a command. */
const keywords = words(`
  then do else elif if while until ! { busybox
`);
/** Programs that name a kubelet without starting one. */
const harmless = words(`
  systemctl service journalctl apt apt-get apt-mark apt-cache yum dnf zypper apk snap rpm dpkg brew
  pkill pgrep kill killall ps pidof which type whereis hash command-v test [ [[ echo printf cat mkdir
  chmod chown chgrp touch ls stat ln mv cp rm install tar unzip gzip gunzip curl wget aria2c scp rsync
  grep egrep awk head tail wc sort uniq cut tr file sha256sum sha512sum md5sum gpg update-alternatives
  dd useradd groupadd usermod getent id export alias unset read trap return exit cd pushd popd source .
  set kubectl kubeadm crictl helm logger mount umount mountpoint findmnt df du restorecon semanage
  chcon setfacl ufw iptables ip6tables nft firewall-cmd modprobe sysctl swapoff iscsiadm multipath tee
  sed base64 retry wait sleep true false for case function local declare in esac done fi invoke-rc.d
  update-rc.d rc-service rc-update openssl jq yq
`);

function findPrograms(words: readonly Word[], source: Source, search: Search): void {
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at];
    const name = nameOf(word);
    if (startsHere(words, at, source, search)) return;
    if (isAssignment(word) || keywords.has(name)) continue;
    break;
  }
  const wrapper = words[at];
  const name = nameOf(wrapper);
  if (name === "eval" || name === "trap") {
    const script = name === "eval" ? words.slice(at + 1) : words.slice(at + 1, at + 2);
    const text = script.map(textOf).join(" ");
    if (/kube/i.test(text)) {
      findInScript(
        [
          { kind: "text", text: "-c" },
          { kind: "text", text, source },
        ],
        source,
        search,
      );
    }
    return;
  }
  const isContainer = /^(docker|podman|nerdctl|crictl|ctr)$/.test(name);
  const set = settingsByWords(words.slice(at));
  if (set) {
    handOn(set, textOf(wrapper), set.option, source, search);
    return;
  }
  if (harmless.has(name) && !isContainer) return;
  if (name === "command" && /^-[vV]$/.test(textOf(words[at + 1]))) return;
  if (
    isContainer &&
    !words.slice(at, at + 8).some((word) => /^(run|create|exec)$/.test(textOf(word)))
  ) {
    return;
  }
  const through = wrappers.has(name) || wrapper?.kind !== "text" ? undefined : wrapper.text;
  if (
    behindWrapper(words.slice(at + 1), source, search, { through, readsMore: name === "xargs" })
  ) {
    return;
  }
  for (let next = at; next < words.length; next += 1) {
    const word = words[next];
    const handed = handedOnAt(words, next);
    if (handed) {
      handOn(handed, textOf(wrapper), textOf(word), word?.source ?? source, search);
      next += handed.length - 1;
    } else if (word && namesProgram(word)) {
      const named = textOf(word) || missingIn(word);
      search.found.problems.push(notFound(named, word.source ?? source));
      return;
    }
  }
  const flag = words.find((word) => nameless.test(textOf(word)));
  if (flag && !words.some((_, index) => handedOnAt(words, index)))
    search.found.problems.push(notFound(textOf(flag), flag.source ?? source));
}

/** Arguments that an installer hands on to a kubelet, beside those that it gives it itself. */
function handOn(
  handed: HandedOn,
  installer: string,
  named: string,
  source: Source,
  { found }: Search,
): void {
  const by = JSON.stringify(installer.slice(0, 80));
  if (tunesAlone(handed)) {
    const message = `what ${by} makes of ${handed.option}`;
    found.notes.push({ message, source, fatal: false, startsKubelet: true });
    return;
  }
  const { deciding = [""], opens } = handed.settings ?? {};
  if (deciding.length > 0) found.problems.push(notFound(named, source));
  if (opens) found.problems.push({ ...notFound(named, source), opens });
}

function notFound(name: string, source: Source): Problem {
  return {
    message: `the flags of ${JSON.stringify(name.slice(0, 80))}, which these words name and do not start in a way that is known`,
    source,
    fatal: false,
  };
}

/** Words, in which a program is named as one that could be started: by its path or its bare name. */
function namesProgram(word: Word): boolean {
  if (word.kind !== "text") return namedByVariable.test(word.missing);
  if (word.text.length > 300) return false;
  const name = nameOf(word);
  const isFile = /^(?:--?[\w-]+=)?\/(etc|var|run|sys)\//.test(word.text);
  return (!isFile && (isProgram(name) || name === "hyperkube")) || namedByVariable.test(word.text);
}

/** `${KUBELET_BIN}`, `$KUBELET`, `$(which kubelet)`. */
const namedByVariable =
  /\$(?:\{?\w*(?:KUBELET|APISERVER|HYPERKUBE)(?:_?(?:BIN|BINARY|CMD|COMMAND|EXEC|PATH|BINARY_PATH))?\}?$|\((?:which|command -v|type -p)\s+(?:kubelet|kube-apiserver)\))/i;

function missingIn(word: Word): string {
  return word.kind === "unknownWords" ? word.missing.replace(/^the value of /, "") : "";
}

/** Takes the program at a place, or what a shell there runs; false when neither starts there. */
function startsHere(words: readonly Word[], at: number, source: Source, search: Search): boolean {
  const name = nameOf(words[at]);
  const rest = words.slice(at + 1);
  if (isProgram(name)) {
    search.found.commandLines.push({ program: name, words: rest, source });
    return true;
  }
  if (name === "hyperkube") {
    const index = rest.findIndex((word) => !textOf(word).startsWith("-"));
    const part = Object.hasOwn(hyperkubeParts, nameOf(rest[index]))
      ? hyperkubeParts[nameOf(rest[index])]
      : undefined;
    if (part)
      search.found.commandLines.push({ program: part, words: rest.slice(index + 1), source });
    return true;
  }
  return shells.has(name) && findInScript(rest, source, search);
}

function findInScript(rest: readonly Word[], source: Source, search: Search): boolean {
  const option = rest.findIndex(
    ({ kind }, index) => kind === "text" && /^-\w*c$/.test(textOf(rest[index])),
  );
  const script = rest[option + 1];
  if (option < 0) {
    // A script by its path: its words are what it is given, not what it runs.
    return rest.length === 0 || !rest.some(namesProgram);
  }
  if (script?.kind !== "text") return false;
  if (search.depth >= maxNesting) {
    search.found.problems.push({
      message: "shells nested deeper than is read",
      source,
      fatal: false,
    });
    return true;
  }
  findInShell(script.text, script.source ?? source, rest.slice(option + 2), {
    ...search,
    depth: search.depth + 1,
  });
  return true;
}

type Wrapped = { readonly through: string | undefined; readonly readsMore: boolean };

/**
 * The program behind a wrapper's own options. A word is taken for the program when flags follow it, or nothing; one that
 * follows an option (`--name kubelet`) only when there is no other.
 */
function behindWrapper(
  words: readonly Word[],
  source: Source,
  search: Search,
  { through, readsMore }: Wrapped,
): boolean {
  const candidates = words.flatMap((word, at) =>
    isCandidate(words, at, word, through !== undefined) ? [at] : [],
  );
  const afterOption = (at: number) =>
    /^-[^=]*$/.test(textOf(words[at - 1])) && textOf(words[at - 1]) !== "--";
  const at = candidates.find((one) => !afterOption(one)) ?? candidates.at(-1);
  if (at === undefined) return behindOption(words, source, search);
  const before = search.found.commandLines.length;
  const script = nameOf(words[at]);
  const image =
    isProgram(script) || script === "hyperkube" || shells.has(script)
      ? undefined
      : imageName(textOf(words[at]));
  if (image === undefined) {
    if (!startsHere(words, at, source, search)) return false;
  } else {
    startsHere([{ kind: "text", text: image }, ...words.slice(at + 1)], 0, source, search);
  }
  const found = search.found.commandLines;
  for (let index = before; index < found.length; index += 1) {
    const line = found[index];
    if (!line) continue;
    const more: Word[] = readsMore
      ? [{ kind: "unknownWords", missing: "the arguments that xargs reads", source }]
      : [];
    found[index] = {
      ...line,
      words: [...line.words, ...more],
      ...(through !== undefined && { through }),
    };
  }
  return true;
}

/** `su - root -c "kubelet ..."`, `flock /lock -c "kubelet ..."`. */
function behindOption(words: readonly Word[], source: Source, search: Search): boolean {
  const at = words.findIndex((word) => /^(-c|--command)$/.test(textOf(word)));
  const isScript = /\s/.test(textOf(words[at + 1]));
  return at >= 0 && isScript && findInScript(words.slice(at), source, search);
}

function isCandidate(words: readonly Word[], at: number, word: Word, needsFlags: boolean): boolean {
  const next = words[at + 1];
  const name = nameOf(word);
  if (shells.has(name)) {
    return words.slice(at + 1, at + 6).some((one) => /^-\w*c$/.test(textOf(one)));
  }
  if (name === "hyperkube") return Object.hasOwn(hyperkubeParts, nameOf(next));
  const flagsFollow =
    (next === undefined && !needsFlags) ||
    next?.kind === "unknownWords" ||
    /^(-|\$|\{\{)/.test(textOf(next));
  if (isProgram(name)) return flagsFollow;
  const text = textOf(word);
  if (!/[/:]/.test(text) || text.length > 300 || text.startsWith("-")) return false;
  // An image whose entry point is the program, unless the program is named again behind it.
  const image = imageName(text);
  return (
    text.includes(":") &&
    ((isProgram(image) && flagsFollow) ||
      (image === "hyperkube" && Object.hasOwn(hyperkubeParts, nameOf(next))))
  );
}

function nameOf(word: Word | undefined): string {
  return word?.kind === "text" ? baseName(word.text) : "";
}

function isAssignment(word: Word | undefined): boolean {
  return word?.kind === "text" && /^[A-Za-z_]\w*=/.test(word.text);
}
