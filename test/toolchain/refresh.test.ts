import assert from "node:assert/strict";
import * as path from "node:path";
import { repository } from "../../toolchain/paths.mjs";
import { asksForRefresh, refuseRefresh } from "../../toolchain/refresh.mjs";

describe("a refresh of rendered objects", () => {
  const rendered = path.join(repository, "rendered");
  const refusal = (words: string, stack = "none-of-that-name") =>
    refuseRefresh(words.split(" "), stack);

  it("is seen in every spelling that the CLI takes", () => {
    for (const words of [
      "refresh",
      "refresh --yes --stack dev",
      "--stack dev refresh",
      "-s dev --color always refresh",
      "-e --non-interactive -sdev refresh",
      "up --refresh",
      "preview -r",
      "destroy -yfr",
      "up -ry",
      "up --refresh=True",
      "up -r=1",
      "up --refresh=false -r",
    ]) {
      assert.equal(asksForRefresh(words.split(" ")), true, words);
    }
  });

  it("is not seen where none is asked for", () => {
    for (const words of [
      "up",
      "up --yes -f",
      "--stack refresh up",
      "up --stack refresh",
      "up -srefresh",
      "up -mrefresh",
      "up --refresh=false",
      "up -r=0",
      "up -r --refresh=false",
      "config set refresh true",
      "up -- --refresh",
      "",
    ]) {
      assert.equal(asksForRefresh(words.split(" ").filter(Boolean)), false, words);
    }
  });

  it("is refused in one line where a cluster gets everything but the machines' files", async () => {
    await assert.rejects(refusal("--stack none-of-that-name refresh --config kubeconfig=some"), {
      name: "Failure",
      message:
        `Stack none-of-that-name renders its machines' files to ${rendered}: a refresh would ask the cluster for them ` +
        "and fail. Run `npm start -- --stack none-of-that-name`, which makes files again that were removed or changed, " +
        "and renews certificates, without a refresh. Set kubelet-trust:machineFiles to cluster only where whoever reads " +
        "its Secrets may have every key.",
    });
  });

  it("is refused where no cluster gets anything, with the command for that stack", async () => {
    await assert.rejects(refusal("up -yr"), {
      name: "Failure",
      message: /^Stack none-of-that-name renders its objects to .*`npm start -- --stack none-of-/,
    });
    await assert.rejects(refusal("refresh", "dev"), { message: /Run `npm start`: it makes files/ });
  });

  it("is the CLI's where a cluster gets everything", async () => {
    await refusal("refresh --config kubeconfig=some --config machineFiles=cluster");
    await refusal("up --config kubeconfig=some");
  });
});
