/** Arguments without a shell: /proc/PID/cmdline, and files with one flag a line. */
import { readArguments, type Word } from "./command-line.ts";
import type { Format } from "./format.ts";
import { unread } from "./origins.ts";
import { isProgram, type Program, programs } from "./program-names.ts";
import { readingOf } from "./program-pieces.ts";

/** /proc/PID/cmdline: a NUL after each word. */
export const processCommandLine: Format = {
  name: "/proc/PID/cmdline",
  about: "words with a NUL byte after each",
  recognises: (text) => text.includes("\0") && /^[^\0\n]+\0/.test(text),
  read: (text, origin) => {
    const argv = text.replace(/\n$/, "").replace(/\0+$/, "").split("\0");
    return readingOf(readArguments(argv, { where: origin.source.where }), origin);
  },
};

const comment = /^\s*(#|;|\/\/)/;

/** Flags of a program that the name of the file, or its flags, tell. */
export const flagFile: Format = {
  name: "flag file",
  about:
    "one flag a line, e.g. microk8s' `args/kubelet`; the program is told by the file's name, else by flags that it alone has",
  recognises: (text) => {
    const lines = linesOf(text);
    return lines.length > 0 && lines.every(({ text: line }) => /^--?[a-z]/i.test(line));
  },
  read: (text, origin) => {
    const where = origin.source.where;
    const lines = linesOf(text);
    const program = programOf(`${origin.path ?? origin.key ?? origin.holder}`, text);
    if (program === undefined) {
      return {
        pieces: [unread(origin, `the program that the flags of ${where} are for`, true)],
        inner: [],
      };
    }
    const words = lines.flatMap(({ text: line, line: number }): Word[] =>
      readArguments([program, ...wordsIn(line)], { where, line: number }).commandLines.flatMap(
        (found) => found.words,
      ),
    );
    return readingOf(readArguments([program, ...words], { where }), origin);
  },
};

function linesOf(text: string): { text: string; line: number }[] {
  return text
    .split("\n")
    .map((line, index) => ({ text: line.replace(/\\?\r?$/, "").trim(), line: index + 1 }))
    .filter(({ text: line }) => line !== "" && !comment.test(line));
}

/**
 * `--flag=value` is one word whatever its value, unless a flag follows; `--flag value` is two; quotes around a value are
 * taken off. Source: microk8s `microk8s-resources/wrappers/run-with-config-args` (a shell makes words of the file).
 */
function wordsIn(line: string): string[] {
  if (!/["']/.test(line) && /\s--?[a-z]/i.test(line)) return line.split(/\s+/);
  const [, flag = line, mark = "", value = ""] = /^(--?[\w.-]+)(=|\s+)(.*)$/s.exec(line) ?? [];
  const bare = /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
  if (mark === "=") return [`${flag}=${bare}`];
  return mark === "" ? [line] : [flag, ...(bare.includes(" --") ? bare.split(/\s+/) : [bare])];
}

/** Flags that one of the programs alone has. */
const own: readonly (readonly [Program, RegExp])[] = [
  [
    "kube-apiserver",
    /^[ \t]*--(kubelet-certificate-authority|kubelet-client-certificate|kubelet-client-key|kubelet-preferred-address-types|etcd-servers|service-account-issuer|service-cluster-ip-range|enable-admission-plugins)\b/m,
  ],
  [
    "kube-controller-manager",
    /^[ \t]*--(cluster-signing-[\w-]+|service-account-private-key-file|root-ca-file)\b/m,
  ],
  [
    "kubelet",
    /^[ \t]*--(config|config-dir|bootstrap-kubeconfig|hostname-override|node-ip|node-labels|container-runtime-endpoint|rotate-server-certificates|rotate-certificates|pod-manifest-path|cluster-dns|cert-dir|anonymous-auth|register-node|register-with-taints|root-dir|cgroup-driver|read-only-port)\b/m,
  ],
];

function programOf(name: string, text: string): Program | undefined {
  const last = name.slice(name.lastIndexOf("/") + 1);
  if (isProgram(last)) return last;
  const named = programs.filter((program) => last.includes(program));
  if (named.length === 1) return named[0];
  return own.find(([, flags]) => flags.test(text))?.[0];
}
