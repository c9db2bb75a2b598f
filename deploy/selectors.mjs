// Label selectors as the API server evaluates them (In and NotIn are all that the chart uses).

export function matches({ matchExpressions = [] }, labels) {
  return matchExpressions.every(({ key, operator, values }) => {
    const isIn = key in labels && values.includes(labels[key]);
    if (operator === 'In') return isIn;
    // Holds as well for objects without the label.
    if (operator === 'NotIn') return !isIn;
    throw new Error(`operator ${operator}`);
  });
}

/** Whether a webhook entry gets the pod. */
export const admitted = ({ namespaceSelector, objectSelector }, namespaceLabels, podLabels) =>
  matches(namespaceSelector, namespaceLabels) && matches(objectSelector, podLabels);
