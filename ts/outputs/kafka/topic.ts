/** The topic of this process: what its place has to say, put into the topic of the URL. */

import { EnvironmentError, type RuntimeEnv } from '../../config/env';
import { isTopic, PLACEHOLDER, type PlaceName } from '../../config/kafka';

/** The variables that say it. */
const VARIABLES: Readonly<Record<PlaceName, string>> = {
  namespace: 'NAMESPACE',
  node: 'NODE_NAME',
  pod: 'POD_NAME',
  service: 'OTEL_SERVICE_NAME',
};

/** @throws {EnvironmentError} if a part is not known, or no topic may have that name */
export function topicOf(template: string, { identity, otel }: RuntimeEnv): string {
  const place = { ...identity, service: otel?.serviceName };
  const topic = template.replace(PLACEHOLDER, (_, name: PlaceName) => {
    const value = place[name];
    if (value !== undefined) return value;
    throw new EnvironmentError(
      'outputKafka',
      `the topic has {${name}}, which is the variable ${VARIABLES[name]}; it is not set`,
    );
  });
  if (isTopic(topic)) return topic;
  throw new EnvironmentError(
    'outputKafka',
    `'${topic}' is not the name of a topic: 1 to 249 characters of letters, digits, dots, hyphens and underscores`,
  );
}
