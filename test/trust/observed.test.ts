/**
 * The verdict equals what real programs answered, case by case. Another folder of recorded observations in
 * the same form: KUBELET_TRUST_OBSERVED=<folder>.
 */
import assert from "node:assert/strict";
import { type Authorities, makeAuthorities } from "./observed/authorities.ts";
import { clientCases } from "./observed/client.ts";
import { disagreement, type Said } from "./observed/harness.ts";
import {
  type ClientRow,
  readRows,
  type ServingKubelet,
  type ServingRow,
  type StartupRow,
} from "./observed/rows.ts";
import { observedFolder } from "./observed/run.ts";
import { servingCases } from "./observed/serving.ts";
import { startupCases } from "./observed/startup.ts";

const folder = observedFolder;

type Row = {
  readonly id: string;
  readonly outcome: string;
  readonly httpStatus?: number | null;
  readonly message: string;
};

/** Compares all rows, prints `agreements/total` and fails with the first disagreements in both sides' words. */
function compare<R extends Row>(
  name: string,
  rows: readonly R[],
  judgeRow: (row: R) => Said,
): void {
  const disagreements = rows.flatMap((row) => {
    try {
      const found = disagreement(row.id, row, judgeRow(row));
      return found === undefined ? [] : [found];
    } catch (error) {
      return [`${row.id}\n  ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  console.log(`      ${name}: ${rows.length - disagreements.length}/${rows.length} agree`);
  assert.ok(rows.length > 0, `no ${name} rows in ${folder}`);
  assert.equal(
    disagreements.length,
    0,
    `${disagreements.length} disagreements\n${disagreements.slice(0, 20).join("\n")}`,
  );
}

describe("judge, against what was observed", function () {
  this.timeout(120_000);
  let authorities: Authorities;

  before(async () => {
    authorities = await makeAuthorities();
  });

  it("agrees on the serving side: outcome, status and text", async () => {
    const kubelets = readRows<ServingKubelet>(folder, "serving-kubelets");
    compare(
      "serving",
      readRows<ServingRow>(folder, "serving"),
      await servingCases(kubelets, authorities),
    );
  });

  it("agrees on the client side: outcome, status and text", async () => {
    const rows = readRows<ClientRow>(folder, "client");
    compare("client", rows, await clientCases(rows, authorities));
  });

  it("agrees on what starts, and on the message of what does not", async () => {
    compare("startup", readRows<StartupRow>(folder, "startup"), await startupCases(authorities));
  });
});
