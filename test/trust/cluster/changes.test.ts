import assert from "node:assert/strict";
import { assemble } from "../../../trust/cluster/assemble.ts";
import { piecesOf } from "../../support/pieces.ts";

const kubelet = (config: string) =>
  `#!/bin/sh\nkubelet --kubeconfig=/k --config=${config} --config-dir=/etc/node/conf.d\n`;

/** What is said to be undecidable of a machine that runs a kubelet and another script. */
function said(script: string, config = "/etc/node/conf.yaml"): string[] {
  const pieces = piecesOf({ "kubelet.sh": kubelet(config), "setup.sh": `#!/bin/sh\n${script}\n` });
  return assemble(pieces).unread.flatMap(({ missing, deciding }) => (deciding ? [missing] : []));
}

describe("a file that a command changes", () => {
  it("decides where a program of the place is told to read it", () => {
    assert.deepEqual(said("curl -o /etc/node/conf.yaml https://x"), [
      "what curl makes of /etc/node/conf.yaml in setup.sh",
    ]);
    assert.deepEqual(said("sed -i s/a/b/ /etc/node/conf.yaml"), [
      "what sed makes of /etc/node/conf.yaml in setup.sh",
    ]);
    assert.deepEqual(said("tar xf a.tgz -C /etc/node"), [
      "what tar makes of /etc/node in setup.sh",
    ]);
    assert.deepEqual(said("cp x /etc/node/conf.d/10.conf"), [
      "what cp makes of /etc/node/conf.d/10.conf in setup.sh",
    ]);
    assert.deepEqual(said("cd /etc/node; wget https://x/conf.yaml"), [
      "what wget makes of /etc/node/conf.yaml in setup.sh",
    ]);
    assert.deepEqual(said('for f in a; do curl -o /etc/node/"$f" x; done'), [
      "what curl makes of /etc/node/$f in setup.sh",
    ]);
  });

  it("is left out where no program reads it", () => {
    assert.deepEqual(said("curl -o /etc/other.yaml https://x"), []);
    assert.deepEqual(said("sed -i s/a/b/ /etc/ssh/sshd_config"), []);
    assert.deepEqual(said("curl -o /etc/node/conf.yaml https://x", "/c.yaml"), []);
  });
});
