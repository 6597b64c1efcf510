/** The table of docs/hardening.md as checks of a machine that runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A row of the page. */
export type Row = {
  readonly controls: readonly string[];
  readonly state: string;
  readonly checks: readonly CodedCheck[];
};

/** What a code of the page asks for. */
export type Check =
  | {
      readonly kind: "flag";
      readonly program: string;
      readonly holds: (args: readonly string[]) => boolean;
    }
  | { readonly kind: "field"; readonly path: string; readonly holds: (value: unknown) => boolean }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly owner: string };

/** A check with the code that it was read from. */
export type CodedCheck = Check & { readonly code: string };

const page = join(import.meta.dirname, "..", "..", "docs", "hardening.md");

/** The rows of the page, in order. */
export function rowsOf(text = readFileSync(page, "utf8")): Row[] {
  return text.split("\n").flatMap((line) => {
    const [, first = "", , state = "", last = ""] = line.split("|").map((cell) => cell.trim());
    const controls = first.split(", ");
    if (!controls.every((one) => /^\d(\.\d+)+$/.test(one))) return [];
    const codes = [...last.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
    const checks = codes.flatMap((code) => {
      const check = read(code);
      return check === undefined ? [] : [{ ...check, code }];
    });
    return [{ controls, state, checks }];
  });
}

const programs = "kube-apiserver|kube-controller-manager|kube-scheduler|etcd";

/** A code; `undefined` for one that is a word of a sentence. */
function read(code: string): Check | undefined {
  const file = /^file (\/\S+) ([0-7]{3}) (\S+)$/.exec(code);
  if (file) {
    const [, path = "", mode = "", owner = ""] = file;
    return { kind: "file", path, mode: Number.parseInt(mode, 8), owner };
  }
  const field = /^kubelet ([\w.]+) (=|!=) (.+)$/.exec(code);
  if (field) {
    const [, path = "", operator, text = ""] = field;
    const wanted = JSON.stringify(JSON.parse(text));
    const isMeant = operator === "=";
    return {
      kind: "field",
      path,
      holds: (value) => (JSON.stringify(value) === wanted) === isMeant,
    };
  }
  return flagCheck(code);
}

function flagCheck(code: string): Check | undefined {
  const [, program = "", rest = ""] = new RegExp(`^(${programs}) (.+)$`).exec(code) ?? [];
  if (program === "") return undefined;
  const given = (args: readonly string[], flag: string) =>
    args.filter((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const [, relation, flag = ""] = /^(with|without) (--[\w-]+)$/.exec(rest) ?? [];
  if (relation !== undefined) {
    return {
      kind: "flag",
      program,
      holds: (args) => given(args, flag).length > 0 === (relation === "with"),
    };
  }
  const [, listFlag = "", verb, item = ""] = /^(--[\w-]+) (has|lacks) (\w+)$/.exec(rest) ?? [];
  if (verb !== undefined) {
    const items = (args: readonly string[]) =>
      given(args, listFlag).flatMap((arg) => arg.slice(listFlag.length + 1).split(","));
    return {
      kind: "flag",
      program,
      holds: (args) => items(args).length > 0 && items(args).includes(item) === (verb === "has"),
    };
  }
  if (!/^--[\w-]+=\S+$/.test(rest)) throw new Error(`docs/hardening.md: ${code} is no check`);
  const [name = ""] = rest.split("=");
  return {
    kind: "flag",
    program,
    holds: (args) => given(args, name).length === 1 && args.includes(rest),
  };
}
