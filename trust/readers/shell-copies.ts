/** Files that shell commands put in place whole: copied, moved, linked, downloaded. */
import { textOf, type Word } from "./word.ts";

/** A file that a command puts in place; `from` is absent where its content comes from outside the script. */
export type Copy = { readonly from?: string; readonly to: string };

const copiers = new Set(["cp", "mv", "install", "ln"]);
const takesValue: Readonly<Record<string, RegExp>> = {
  install: /^-\w*[mogS]$|^--(mode|owner|group|suffix)$/,
  cp: /^-\w*S$|^--suffix$/,
  mv: /^-\w*S$|^--suffix$/,
  ln: /^-\w*S$|^--suffix$/,
};
const outputs: Readonly<Record<string, RegExp>> = {
  curl: /^(-[A-Za-z]*o|--output)$/,
  wget: /^(-[A-Za-z]*O|--output-document)$/,
};

/** What the program `name` with the words `rest` puts in place. Words that are unknown name no file. */
export function copiesOf(name: string, rest: readonly Word[]): readonly Copy[] {
  const texts = rest.map(textOf);
  if (name === "dd")
    return texts.flatMap((text) => (/^of=./.test(text) ? [{ to: text.slice(3) }] : []));
  const output = outputs[name];
  if (output) {
    return texts.flatMap((text, at) => {
      const joined = /^--output(-document)?=(.+)$/.exec(text)?.[2];
      const to = joined ?? (output.test(text) ? texts[at + 1] : undefined);
      return to ? [{ to }] : [];
    });
  }
  return copiers.has(name) ? copied(texts, takesValue[name]) : [];
}

function copied(texts: readonly string[], valued: RegExp | undefined): readonly Copy[] {
  const operands: string[] = [];
  let folder: string | undefined;
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at] ?? "";
    const joined = /^--target-directory=(.+)$/.exec(text)?.[1];
    if (joined !== undefined) folder = joined;
    else if (/^(-\w*t|--target-directory)$/.test(text)) {
      at += 1;
      folder = texts[at];
    } else if (valued?.test(text)) at += 1;
    else if (/^(-\w*d|--directory)$/.test(text) && valued === takesValue.install) return [];
    else if (!text.startsWith("-")) operands.push(text);
  }
  const to = folder ?? (operands.length > 1 ? operands.pop() : undefined);
  if (!to || operands.includes("/dev/stdin")) return [];
  const isFolder = folder !== undefined || to.endsWith("/") || operands.length > 1;
  return operands.map((from) => ({
    ...(from !== "" && { from }),
    to: isFolder ? `${to.replace(/\/+$/, "")}/${from.split("/").at(-1)}` : to,
  }));
}

/** Whether a kubelet or kube-apiserver may read it: no program, and no kubeconfig of a person. */
export function mayBeRead(path: string): boolean {
  return (
    /kube/i.test(path) &&
    !/\.kube(\/|$)|(^|\/)(super-)?admin\.conf$|(^|\/)s?bin(\/|$)/.test(path) &&
    (/\.(ya?ml|json|conf|config|env|service|crt|pem|key)$/.test(path) ||
      /^\/etc\/(default|sysconfig|systemd|kubernetes)\//.test(path) ||
      /^\/var\/lib\/kubelet\//.test(path))
  );
}
