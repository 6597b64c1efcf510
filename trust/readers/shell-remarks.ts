/** What a script does that is not read, and what it makes in a cluster by words alone. */
import { withoutTuning } from "./handed-on.ts";
import { kubectlRemark } from "./kubectl.ts";
import type { KnownFiles } from "./shell-files.ts";
import type { Remark, ShellCommand } from "./shell-parts.ts";
import { programAt } from "./shell-program.ts";
import { soundsDeciding, speaks } from "./speaks.ts";
import { textOf, type Word } from "./word.ts";

/** What the remarks about a script need to know beside the command. */
export type Around = {
  /** Files that are made out of what is not read. */
  readonly isUnread: (path: string) => boolean;
  readonly known: KnownFiles;
};

/**
 * What a command does beyond the files that it writes.
 *
 * @param isFound whether a program that decides was found in its words
 */
export function remarkOf(
  command: ShellCommand,
  isFound: boolean,
  { isUnread, known }: Around,
): Remark | undefined {
  const { name, rest } = programAt(command.words);
  if (name === "kubectl") return kubectlRemark(rest.map(textOf), known);
  const text = spoken(command);
  const elsewhere = runsElsewhere(command, name, rest, isUnread);
  const isDeciding = !isFound && speaks(text) === "of settings";
  if (elsewhere !== undefined) {
    const names = command.words.map(textOf);
    const from = command.input ? command.input.words.map(textOf) : [];
    return {
      kind: isDeciding || soundsDeciding(...names, ...from) ? "deciding" : "note",
      message: `the script that ${elsewhere} runs`,
    };
  }
  if (startsKubelets(name, rest.map(textOf))) {
    return { kind: "deciding", message: `the kubelet that ${name} starts by itself` };
  }
  if (tools.has(name)) {
    const kind = isDeciding || soundsDeciding(...rest.map(textOf)) ? "deciding" : "note";
    return { kind, message: `what ${name} does` };
  }
  return isDeciding && !readsItsWords.has(name) && name !== ""
    ? { kind: "deciding", message: `what ${name.slice(0, 80)} does with settings of kubelets` }
    : undefined;
}

/** What is exported and used nowhere in the script is for a program that is not read. */
export function exportRemark(text: string, script: string): Remark | undefined {
  if (speaks(text) !== "of settings") return undefined;
  const [name = ""] = /^\w+/.exec(text) ?? [];
  const isUsed = name === "" || new RegExp(`\\$\\{?${name}\\b`).test(script);
  return isUsed
    ? undefined
    : { kind: "deciding", message: `the program that is given the variable ${name}` };
}

const maxSpoken = 100_000;

function spoken({ words, given = [] }: ShellCommand): string {
  return [...given, ...withoutTuning(words)].map(textOf).join(" ").slice(0, maxSpoken);
}

/** Programs that set up a machine by files of their own. */
const tools = new Set([
  ...[
    "ansible",
    "ansible-playbook",
    "ansible-pull",
    "puppet",
    "chef-client",
    "chef-solo",
    "cinc-client",
  ],
  ...[
    "salt-call",
    "salt-minion",
    "cfn-init",
    "nixos-rebuild",
    "terraform",
    "tofu",
    "pulumi",
    "kops",
  ],
  ...["kubespray", "k0sctl", "kk", "nodeadm", "talosctl"],
]);

/**
 * Distributions that have kubelet and kube-apiserver in one program, by the words that start them. Sources: k3s
 * `pkg/cli/cmds`, rke2 `pkg/cli/cmds`, k0s `cmd`, microk8s `build-scripts/components` (kubelite).
 */
const embedding: Readonly<Record<string, RegExp>> = {
  k3s: /^(?:agent|server)$/,
  rke2: /^(?:agent|server)$/,
  k0s: /^(?:worker|controller|install|start)$/,
  microk8s: /^(?:start|join)$/,
};

/** Whether a command starts kubelets, or kube-apiserver, that no word of it names. */
export function startsKubelets(name: string, words: readonly string[]): boolean {
  const started = Object.hasOwn(embedding, name) ? embedding[name] : undefined;
  return name === "kubelite" || words.some((word) => started?.test(word));
}

/** Programs whose words are read elsewhere, or which print and look for them. */
const readsItsWords = new Set([
  ...[
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "awk",
    "gawk",
    "sed",
    "perl",
    "echo",
    "printf",
    "cat",
    "tee",
    "test",
    "[",
  ],
  ...[
    "[[",
    "kubeadm",
    "logger",
    "journalctl",
    "ps",
    "pgrep",
    "pkill",
    "case",
    "for",
    "yq",
    "jq",
    "base64",
    ".",
  ],
  ...[
    "source",
    "curl",
    "wget",
    "mkdir",
    "ls",
    "cp",
    "mv",
    "ln",
    "install",
    "rm",
    "chmod",
    "chown",
    "local",
  ],
  ...[
    "docker",
    "podman",
    "nerdctl",
    "ctr",
    "crictl",
    "apt",
    "apt-get",
    "yum",
    "dnf",
    "set",
    "export",
    "trap",
  ],
  ...[
    "eval",
    "sh",
    "bash",
    "dash",
    "ash",
    "ksh",
    "zsh",
    "function",
    "select",
    "return",
    "kubelet",
    "patch",
  ],
  ...[
    "kube-apiserver",
    "kube-controller-manager",
    "hyperkube",
    "openssl",
    "crudini",
    "rsync",
    "tar",
  ],
]);

const shells = new Set(["sh", "bash", "dash", "ash", "ksh", "zsh"]);

/** Whose script a command runs, where that is none that is here: from a pipe, a download, a substitution. */
function runsElsewhere(
  command: ShellCommand,
  name: string,
  rest: readonly Word[],
  isUnread: (path: string) => boolean,
): string | undefined {
  const [first] = command.words;
  const missing = first?.kind === "unknownWords" ? first.missing : textOf(first);
  const fetched = /\$\(\s*(curl|wget|aws|gsutil)\b/.exec(missing)?.[1];
  if (fetched !== undefined) return `a shell gets from ${fetched}`;
  const isShell = shells.has(name);
  if (isShell || name === "." || name === "source") {
    const substituted = command.redirections.some(
      ({ operator, target }) => operator === "<" && target === undefined,
    );
    if (substituted) return `${name} gets from another command`;
  }
  const script = rest.map(textOf).find((text) => text !== "" && !text.startsWith("-"));
  if (isShell && command.input && (script === undefined || readsInput(rest))) {
    const from = programAt(command.input.words).name;
    return passesText.has(from) ? undefined : `${name} gets from ${from || "a pipe"}`;
  }
  const path = isShell ? script : textOf(first);
  return path?.includes("/") && isUnread(path) ? path : undefined;
}

function readsInput(rest: readonly Word[]): boolean {
  return rest.some((word) => /^(-s|-|\/dev\/stdin)$/.test(textOf(word)));
}

/** What these print is in the script. */
const passesText = new Set(["echo", "printf", "cat", "base64", "gunzip", "zcat", "tee"]);
