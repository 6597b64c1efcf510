/** What a script is told to call kubelets, or to fetch their settings, with: neither door prints it. */
import assert from "node:assert/strict";
import { configMap } from "../policies/fake.ts";
import { judged, packSays } from "./both-doors.ts";

const password = "S3cretS3cretS3cret";
const scripts: Readonly<Record<string, string>> = {
  "of a URL": `kubelet --kubeconfig=/x $(curl https://me:${password}@h/flags)`,
  "of a header": `kubelet --kubeconfig=/x $(curl -H 'Authorization: Bearer ${password}' https://h/)`,
  "of curl": `kubelet --kubeconfig=/x $(curl -u me:${password} https://h/flags)`,
  "of an option": `kubelet --kubeconfig=/x $(fetch --token=${password} --password ${password})`,
  "of a variable": `kubelet --kubeconfig=/x $(API_TOKEN=${password} fetch)`,
};

describe("a password that stands beside a kubelet's settings", () => {
  for (const [title, script] of Object.entries(scripts)) {
    it(`is not printed: ${title}`, async () => {
      const text = `#!/bin/sh\n${script}\n`;
      const { stdout, stderr } = await judged({ "run.sh": text });
      assert.match(stdout, /ndecidable/);
      assert.ok(!(stdout + stderr).includes(password), stdout);
      const said = packSays(configMap("run", { "run.sh": text })).map(({ message }) => message);
      assert.ok(said.length > 0 && !said.join("\n").includes(password), said.join("\n"));
    });
  }
});
