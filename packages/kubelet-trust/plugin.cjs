// What Pulumi runs of this package for programs in other languages. `require("kubelet-trust")` gives the components.
const { version } = require("./package.json");
const { serve } = require("./plugin/serve.js");
const schema = require("./schema.json");

void serve(schema, version);
