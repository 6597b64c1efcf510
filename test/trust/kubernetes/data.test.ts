import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { merge, type Told, toText } from "../../../toolchain/facts/merge.ts";
import { data, type KubernetesData } from "../../../trust/kubernetes/data/index.ts";
import { allAt, at, type Ranges, toRanges } from "../../../trust/kubernetes/ranges.ts";
import {
  flagHistory,
  gateHistory,
  kubeletTable,
  programTable,
} from "../../../trust/kubernetes/tables.ts";
import { knownMinors, newestMinor } from "../../../trust/kubernetes/version.ts";
import { type Program, programs } from "../../../trust/readers/command-line.ts";

const file = path.join(
  import.meta.dirname,
  ...["..", "..", "..", "trust", "kubernetes", "data", "kubernetes.json"],
);

/** What the programs of a version would tell, from the table itself. */
function toldAt(minor: number): Told {
  const version = `1.${minor}`;
  const program = (name: Program) => ({
    flags: Object.entries(allAt(data.flags[name], minor)).map(([flag, facts]) => ({
      ...facts,
      name: flag,
    })),
    gates: programTable(name, version).gates,
  });
  const { types, defaults, legacyDefaults, pathFields, flagFields, tls, labels } =
    kubeletTable(version);
  return {
    kubelet: {
      ...program("kubelet"),
      ...{ types, defaults, legacy: legacyDefaults, paths: pathFields, fields: flagFields },
      ...{ tls, labels },
    },
    "kube-apiserver": program("kube-apiserver"),
    "kube-controller-manager": program("kube-controller-manager"),
  };
}

describe("the table of Kubernetes versions", () => {
  it("is what its versions tell, in whatever order they are put in", () => {
    const stored = fs.readFileSync(file, "utf8");
    for (const order of [knownMinors, [...knownMinors].reverse()]) {
      let table: KubernetesData | undefined;
      for (const minor of order) table = merge(data.versions[minor] ?? "", toldAt(minor), table);
      assert.ok(table);
      assert.equal(toText(table), stored);
    }
  });

  it("stays as it is when a version is put in anew", () => {
    for (const minor of knownMinors) {
      const table = merge(data.versions[minor] ?? "", toldAt(minor), data);
      assert.equal(toText(table), fs.readFileSync(file, "utf8"));
    }
  });

  it("takes a version that lost a flag and got a gate, and keeps the others as they were", () => {
    const next = newestMinor + 1;
    const told = toldAt(newestMinor);
    const table = merge(
      `1.${next}.0`,
      {
        ...told,
        kubelet: {
          ...told.kubelet,
          flags: told.kubelet.flags.filter(({ name }) => name !== "register-node"),
          gates: { ...told.kubelet.gates, NewInNext: { default: false, stage: "ALPHA" } },
        },
      },
      data,
    );
    assert.deepEqual(table.flags.kubelet["register-node"], [
      { to: newestMinor, is: { type: "bool", noOptDefault: "true" } },
    ]);
    assert.deepEqual(table.gates.NewInNext, [
      { from: next, is: { default: false, stage: "ALPHA" } },
    ]);
    assert.deepEqual(table.otherGates["kube-apiserver"].NewInNext, [{ from: next, is: null }]);
    for (const program of programs) {
      for (const minor of knownMinors) {
        assert.deepEqual(allAt(table.flags[program], minor), allAt(data.flags[program], minor));
      }
    }
  });

  it("stores no value twice in a row", () => {
    const ranged = [data.gates, data.defaults, data.legacyDefaults, data.flagFields, data.lists];
    const all = [...ranged, ...Object.values(data.flags), ...Object.values(data.types)];
    for (const ranges of all.flatMap((one) => Object.values<Ranges<unknown>>(one))) {
      const texts = ranges.map(({ is }) => JSON.stringify(is));
      assert.ok(texts.every((text, index) => text !== texts[index - 1] || isApart(ranges, index)));
    }
  });

  it("says since when and until when a flag and a gate are known", () => {
    assert.deepEqual(flagHistory("kubelet", "config"), {});
    assert.deepEqual(flagHistory("kubelet", "pod-infra-container-image"), { removedIn: 35 });
    assert.deepEqual(flagHistory("kube-apiserver", "min-compatibility-version"), { since: 35 });
    assert.equal(flagHistory("kubelet", "network-plugin"), undefined);
    assert.deepEqual(gateHistory("kubelet", "AllAlpha"), {});
    assert.equal(gateHistory("kubelet", "toString"), undefined);
  });

  it("tells a program's own gates from those that all have", () => {
    const gate = (program: Program) => programTable(program, "1.34.4").gates.WatchListClient;
    assert.equal(gate("kubelet")?.default, false);
    assert.equal(gate("kube-controller-manager")?.default, true);
  });
});

/** Whether a range begins later than right after the one before it. */
function isApart(ranges: Ranges<unknown>, index: number): boolean {
  return (ranges[index]?.from ?? 0) > (ranges[index - 1]?.to ?? 0) + 1;
}

describe("ranges", () => {
  it("hold from the first to the last version with the same value", () => {
    const minors = [34, 35, 36, 37];
    const values: Record<number, string | undefined> = { 34: "a", 35: "a", 36: undefined, 37: "a" };
    const ranges = toRanges(minors, (minor) => values[minor]);
    assert.deepEqual(ranges, [
      { to: 35, is: "a" },
      { from: 37, is: "a" },
    ]);
    assert.deepEqual(
      minors.map((minor) => at(ranges, minor)),
      ["a", "a", undefined, "a"],
    );
  });

  it("have no ends where a value always held", () => {
    assert.deepEqual(
      toRanges([34, 35], () => false),
      [{ is: false }],
    );
  });

  it("are none for what no version knows", () => {
    assert.deepEqual(
      toRanges([34, 35], () => undefined),
      [],
    );
  });
});
