import assert from "node:assert/strict";
import { sayText } from "../../support/pieces.ts";

const says = (script: string) =>
  sayText(`#!/bin/bash\n${script}`).map((line) => line.replace(/ in text$| \(text\)$/, ""));
const certain = (script: string, words = "kubelet --a") => assert.deepEqual(says(script), [words]);
const doubtful = (script: string, why: string) =>
  assert.deepEqual(says(script), [
    "kubelet --a",
    `undecidable: ${why}, under which kubelet is started`,
  ]);

describe("a command of a script", () => {
  it("is run for certain outside of conditions, in loops without end and behind closed blocks", () => {
    certain("cd /x && kubelet --a");
    certain("while true; do kubelet --a; sleep 1; done");
    certain("if true; then kubelet --a; fi");
    certain("if [ -f /x ]; then echo; fi\nkubelet --a");
    certain("if [ -f /x ]; then exit 1; fi\nkubelet --a");
    certain("[ -f /x ] || exit 1\nkubelet --a");
    certain("case $1 in a) echo ;; esac; kubelet --a");
    certain("{ kubelet --a; }");
    certain("( kubelet --a )");
    certain("for i in 1 2; do kubelet --a; done");
    certain("until kubelet --a; do sleep 1; done");
  });

  it("may not be run under a condition", () => {
    doubtful("if false; then\n  kubelet --a\nfi", 'the answer to "if" in line 2');
    doubtful("if x; then echo; else kubelet --a; fi", 'the answer to "if" in line 2');
    doubtful("if true; then echo; else kubelet --a; fi", "the answer to a condition before line 2");
    doubtful("while read x\ndo kubelet --a; done", 'the answer to "while" in line 2');
    doubtful("case x in\nb) kubelet --a ;;\nesac", 'the answer to "case" in line 2');
    doubtful("[ -n y ] && kubelet --a", 'what "[" in line 2 comes to');
    doubtful("[ -n y ] &&\n\n  kubelet --a", 'what "[" in line 2 comes to');
    doubtful("test -n y && cd /x && kubelet --a", 'what "test" in line 2 comes to');
    doubtful("ready || kubelet --a", 'what "ready" in line 2 comes to');
    doubtful("exit 0\nkubelet --a", 'why commands stand behind "exit" in line 2');
  });

  it("of a function is run where it is called, with words of its own", () => {
    doubtful("start() {\n  kubelet --a\n}", "what calls the function start");
    doubtful("function start {\n  kubelet --a\n}", "what calls the function start");
    certain("start() {\n  kubelet --a\n}\nstart");
    certain("run() { kubelet --a; }\nstart() { run; }\nstart");
    doubtful("start() { kubelet --a; }\nif x; then start; fi", 'the answer to "if" in line 3');
    assert.deepEqual(says('set -- --b\nstart() { kubelet "$@"; }\nstart --a'), [
      "kubelet <the value of $@>",
    ]);
  });

  it("leaves a variable unknown that it may have set, or that a file may have", () => {
    const unknown = (script: string) => certain(script, "kubelet <the value of $A>");
    certain("A=--a; kubelet $A");
    unknown("A=--b; if x; then A=--a; fi; kubelet $A");
    unknown("A=--b\n[ -z y ] && A=--a\nkubelet $A");
    unknown("A=--b; f() { A=--a; }; f; kubelet $A");
    unknown("A=--b; case x in b) A=--a;; esac; kubelet $A");
    unknown("A=--b; . /etc/x; kubelet $A");
    certain('if x; then A=--b; echo "$A"; fi; A=--a; kubelet $A');
  });

  it("may leave a file unwritten", () => {
    assert.deepEqual(says("if x; then echo A=b > /etc/default/kubelet; fi"), [
      'undecidable: what a command that may not run (it needs the answer to "if" in line 2) makes of /etc/default/kubelet',
    ]);
  });
});

describe("a command in a text", () => {
  it("is found behind eval and trap", () => {
    certain('eval "kubelet --a"');
    certain("eval kubelet --a");
    certain("trap 'kubelet --a' EXIT");
    certain("trap - EXIT\nkubelet --a");
  });
});
