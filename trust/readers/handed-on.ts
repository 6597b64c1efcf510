/** Options by which installers hand arguments on to a kubelet or kube-apiserver: `--kubelet-extra-args "--max-pods=9"`. */
import { baseName } from "./program-names.ts";
import { type Settings, settingsIn } from "./tuning.ts";
import { textOf, type Word } from "./word.ts";

const option =
  /^-{1,2}(?:kubelet|kube-?apiserver|apiserver)[-_](?:extra[-_])?(?:args?|opts|flags|config)\b/i;

/** An option of this kind, and what it hands on; without settings where they are not known, or for kube-apiserver. */
export type HandedOn = {
  readonly option: string;
  readonly settings?: Settings;
  /** Words that it takes. */
  readonly length: 1 | 2;
};

type Setter = {
  /** What its words begin with. */
  readonly verb: RegExp;
  readonly setting: RegExp;
  readonly whose: "kubelet" | "bottlerocket";
};

/**
 * Programs that set something of kubelets that run: `apiclient set kubernetes.x=y`, `snap set kubelet x=y`, GKE's switch.
 * Sources: Bottlerocket `sources/api/apiclient`; Charmed Kubernetes' snap of the kubelet; `gcloud container clusters`.
 */
const setters: Readonly<Record<string, Setter>> = {
  apiclient: {
    verb: /^set /,
    setting: /^(?:settings\.)?kubernetes\.([\w-]+)=(.*)$/s,
    whose: "bottlerocket",
  },
  snap: { verb: /^set kubelet /, setting: /^([a-z][a-z-]*)=(.*)$/s, whose: "kubelet" },
  gcloud: {
    verb: /^(?:\w+ )?container /,
    setting: /^--(?:no-)?enable-(insecure-kubelet-readonly-port)$/,
    whose: "kubelet",
  },
};

/** The settings in a command of a program that sets some of running kubelets; undefined for any other. */
export function settingsByWords(words: readonly Word[]): HandedOn | undefined {
  const at = words.findIndex((word) => Object.hasOwn(setters, baseName(textOf(word))));
  const setter = setters[baseName(textOf(words[at]))];
  const rest = words.slice(at + 1);
  const texts = rest.map(textOf);
  if (!setter?.verb.test(`${texts.join(" ")} `)) return undefined;
  const given = texts.flatMap((text): [string, string | boolean][] => {
    const [, name, value] = setter.setting.exec(text) ?? [];
    if (name === undefined) return [];
    return value === undefined
      ? [["insecureKubeletReadonlyPortEnabled", !text.startsWith("--no-")]]
      : [[name, value]];
  });
  // Of words that are not known, and of JSON, it is not known what is set.
  const isOpen =
    setter.whose === "bottlerocket" &&
    rest.some((word, index) => word.kind !== "text" || /^\{.*kubernetes/s.test(texts[index] ?? ""));
  if (given.length === 0 && !isOpen) return undefined;
  const { some, deciding, opens } = settingsIn(Object.fromEntries(given), setter.whose);
  return {
    option: texts.join(" "),
    length: 1,
    settings: { some, deciding: isOpen ? [...deciding, ""] : deciding, ...(opens && { opens }) },
  };
}

/** The option at a place among words. */
export function handedOnAt(words: readonly Word[], at: number): HandedOn | undefined {
  const text = textOf(words[at]);
  const name = option.exec(text)?.[0];
  if (name === undefined) return undefined;
  const mark = text.indexOf("=");
  const value = mark < 0 ? textOf(words[at + 1]) : unquoted(text.slice(mark + 1));
  return {
    option: name,
    length: mark < 0 ? 2 : 1,
    ...(/kubelet/i.test(name) &&
      !hidesOptions(words) && { settings: settingsIn(value, "kubelet") }),
  };
}

/** Words that are not known may be further options; where a script's first argument or a value stands they are none. */
function hidesOptions(words: readonly Word[]): boolean {
  return words.some(
    ({ kind }, at) =>
      kind === "unknownWords" && !/^--[\w-]+$|\.(?:sh|ps1)$/.test(textOf(words[at - 1])),
  );
}

/** Whether what is handed on only tunes a kubelet. */
export function tunesAlone({ settings }: HandedOn): boolean {
  return settings?.some === true && settings.deciding.length === 0 && !settings.opens;
}

/** The words without options whose arguments only tune. */
export function withoutTuning(words: readonly Word[]): readonly Word[] {
  const left: Word[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const handed = handedOnAt(words, at);
    const word = words[at];
    if (handed && tunesAlone(handed)) at += handed.length - 1;
    else if (word) left.push(word);
  }
  return left;
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, "$2");
}
