/** The program that a command runs, behind those that only run another. */
import { textOf, type Word } from "./word.ts";

/** Programs that run the one behind their own words, with the options that take a word, and how many words they want. */
const before: Readonly<Record<string, { readonly valued: RegExp; readonly words?: number }>> = {
  sudo: { valued: /^-[ughpCTDR]$/ },
  doas: { valued: /^-[uC]$/ },
  exec: { valued: /^-a$/ },
  command: { valued: /^$/ },
  builtin: { valued: /^$/ },
  env: { valued: /^-[uCS]$/ },
  nohup: { valued: /^$/ },
  setsid: { valued: /^$/ },
  nice: { valued: /^-n$/ },
  ionice: { valued: /^-[cnp]$/ },
  stdbuf: { valued: /^-[ioe]$/ },
  time: { valued: /^$/ },
  timeout: { valued: /^-[sk]$/, words: 1 },
  retry: { valued: /^-[\w-]+$/ },
  chroot: { valued: /^$/, words: 1 },
  nsenter: { valued: /^-[tSGrw]$/ },
  busybox: { valued: /^$/ },
  xargs: { valued: /^-[aEeIiLlnPsd]$/ },
};

const grammar = /^(then|do|else|\{|!|\()$/;

/** The program's name without its folder, with the words after it. */
export function programAt(words: readonly Word[]): {
  readonly name: string;
  readonly rest: readonly Word[];
} {
  let at = 0;
  for (;;) {
    const text = textOf(words[at]);
    if (grammar.test(text)) {
      at += 1;
      continue;
    }
    const name = nameOf(text);
    const wrapper = Object.hasOwn(before, name) ? before[name] : undefined;
    if (wrapper === undefined) return { name, rest: words.slice(at + 1) };
    at += 1;
    for (let word = textOf(words[at]); /^(-.|\w+=)/.test(word); word = textOf(words[at])) {
      at += wrapper.valued.test(word) ? 2 : 1;
      if (word === "--") break;
    }
    at += wrapper.words ?? 0;
  }
}

function nameOf(text: string): string {
  return text.split("/").at(-1) ?? "";
}
