// A precreate hook of podman's (oci-hooks(5)): the container's configuration comes on stdin and goes out with capabilities as
// Kubernetes has them for users other than root: bounding, permitted and effective, never ambient, so that they end at the
// first program without file capabilities.
import { readFileSync, writeSync } from 'node:fs';

const container = JSON.parse(readFileSync(0, 'utf8'));
const granted = container.process.capabilities?.bounding ?? [];
container.process.capabilities = {
  bounding: granted,
  permitted: granted,
  effective: granted,
  inheritable: [],
  ambient: [],
};
writeSync(1, JSON.stringify(container));
