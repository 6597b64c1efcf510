import assert from "node:assert/strict";
import { apiServer, message } from "../../world.ts";

const failed = (error: string) => `run.go:72] "command failed" err="${error}"`;
const starting = (flags: string, version = "1.37.2") => message(apiServer(flags, { version }));

const flags = ["admission-control", "enable-admission-plugins", "disable-admission-plugins"];

describe("admission plugins of a kube-apiserver", () => {
  it("are known by their names, to the letter, in each of the three flags", () => {
    for (const flag of flags) {
      assert.equal(starting(`--${flag}=NodeRestriction,PodSecurity,AlwaysPullImages`), "");
      for (const name of ["PodSecurityPolicy", "noderestriction", "NodeRestrictions", "toString"]) {
        assert.equal(
          starting(`--${flag}=NodeRestriction --${flag} ${name}`),
          failed(`${flag} plugin \\"${name}\\" is unknown`),
        );
      }
    }
  });

  it("differ by version", () => {
    const versions = ["1.34.4", "1.35.4", "1.36.3", "1.37.2"];
    const knowing = (name: string) =>
      versions.filter((version) => starting(`--enable-admission-plugins=${name}`, version) === "");
    assert.deepEqual(knowing("NodeRestriction"), versions);
    assert.deepEqual(knowing("NodeDeclaredFeatureValidator"), versions.slice(1));
    assert.deepEqual(knowing("PodGroupProtection"), versions.slice(2));
    assert.deepEqual(knowing("JobValidation"), ["1.36.3"]);
    assert.deepEqual(knowing("PodGroupWorkloadExists"), ["1.36.3"]);
    assert.deepEqual(knowing("PodSecurityPolicy"), []);
  });

  it("are told together with everything else that is wrong with the options", () => {
    assert.equal(
      starting(
        "--authorization-mode=Nodes --enable-admission-plugins=A,EventRateLimit --disable-admission-plugins=B,EventRateLimit",
      ),
      failed(
        '[authorization-mode \\"Nodes\\" is not a valid mode, enable-admission-plugins plugin \\"A\\" is unknown, disable-admission-plugins plugin \\"B\\" is unknown, [EventRateLimit] in enable-admission-plugins and disable-admission-plugins overlapped]',
      ),
    );
  });

  it("stand in the old flag or in the new ones, not in both, were they empty", () => {
    const exclusive = failed(
      "admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive",
    );
    const old = "--admission-control=NodeRestriction";
    assert.equal(starting(`${old} --enable-admission-plugins=PodSecurity`), exclusive);
    assert.equal(starting(`${old} --disable-admission-plugins=PodSecurity`), exclusive);
    assert.equal(starting("--admission-control= --enable-admission-plugins="), exclusive);
    assert.equal(starting(old), "");
  });

  it("are not guessed where the flag holds what is unknown", () => {
    assert.equal(starting("--enable-admission-plugins=$PLUGINS"), "");
  });

  it("have a remedy that names the flag, each", () => {
    const { start } = apiServer("--enable-admission-plugins=A --disable-admission-plugins=B");
    assert.ok(start.known && !start.value.starts);
    const all = [start.value, ...start.value.others];
    assert.deepEqual(
      all.map(({ remedies }) => remedies[0]?.setting),
      ["--enable-admission-plugins", "--disable-admission-plugins"],
    );
  });
});
