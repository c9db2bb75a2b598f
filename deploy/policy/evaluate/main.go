// Evaluates admission policies on pods as an API server of Kubernetes 1.36 does: with its own packages, its own environment of
// CEL and its own limits of cost. In, on stdin: a list of jobs. Out, on stdout: for each job what its policies make of each review.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

type review struct {
	Operation string `json:"operation"`
	Namespace string `json:"namespace"`
	// Of the namespace.
	Labels map[string]string `json:"labels"`
	Pod    json.RawMessage   `json:"pod"`
	OldPod json.RawMessage   `json:"oldPod"`
	// As it should come out; comes back as the API server would write it.
	Expected json.RawMessage `json:"expected"`
}

type job struct {
	Mutating   *admissionregistration.MutatingAdmissionPolicy     `json:"mutating"`
	Validating []*admissionregistration.ValidatingAdmissionPolicy `json:"validating"`
	Reviews    []review                                           `json:"reviews"`
}

type result struct {
	Pod      *corev1.Pod `json:"pod"`
	Expected *corev1.Pod `json:"expected"`
	// What the policies object to, by the name of the policy.
	Complaints map[string][]string `json:"complaints"`
	// Why a policy could not be evaluated. An API server with failurePolicy Ignore would go on without a word.
	Error string `json:"error,omitempty"`
}

var (
	scheme     = runtime.NewScheme()
	interfaces = admission.NewObjectInterfacesFromScheme(scheme)
	podKind    = corev1.SchemeGroupVersion.WithKind("Pod")
	pods       = corev1.SchemeGroupVersion.WithResource("pods")
	set        = environment.MustBaseEnvSet(version.MajorMinor(1, 36))
	noAuth     = plugincel.OptionalVariableDeclarations{HasAuthorizer: true}
	withPatch  = plugincel.OptionalVariableDeclarations{HasAuthorizer: true, HasPatchTypes: true}
)

// A policy whose expressions are compiled as at the time when it is created.
type policy struct {
	name     string
	compiler *plugincel.CompositedCompiler
	matcher  matchconditions.Matcher
}

func compile(name string, names []plugincel.NamedExpressionAccessor, conditions []admissionregistration.MatchCondition, errs *[]string) policy {
	compiler, err := plugincel.NewCompositedCompiler(set)
	if err != nil {
		panic(err)
	}
	for _, variable := range names {
		note(errs, name+" variable "+variable.GetName(), compiler.CompileAndStoreVariable(variable, noAuth, environment.NewExpressions).Error)
	}
	accessors := make([]plugincel.ExpressionAccessor, len(conditions))
	// Conditions must not use variables: the API server refuses such a policy.
	plain := plugincel.NewConditionCompiler(set)
	for i := range conditions {
		accessors[i] = (*matchconditions.MatchCondition)(&conditions[i])
	}
	evaluator := plain.CompileCondition(accessors, noAuth, environment.NewExpressions)
	for _, err := range evaluator.CompilationErrors() {
		note(errs, name+" condition", err)
	}
	fail := admissionregistration.Fail
	return policy{name, compiler, matchconditions.NewMatcher(evaluator, &fail, "policy", "evaluate", name)}
}

func note(errs *[]string, where string, err error) {
	switch e := err.(type) {
	case nil:
	case fmt.Stringer:
		*errs = append(*errs, where+": "+e.String())
	default:
		if text := fmt.Sprintf("%v", err); text != "<nil>" {
			*errs = append(*errs, where+": "+text)
		}
	}
}

func named(variables []admissionregistration.Variable) []plugincel.NamedExpressionAccessor {
	accessors := make([]plugincel.NamedExpressionAccessor, len(variables))
	for i, v := range variables {
		accessors[i] = &validating.Variable{Name: v.Name, Expression: v.Expression}
	}
	return accessors
}

func parse(raw json.RawMessage) *corev1.Pod {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(raw, pod); err != nil {
		panic(err)
	}
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	return pod
}

func attributes(r review, pod *corev1.Pod) *admission.VersionedAttributes {
	old := parse(r.OldPod)
	var oldObject runtime.Object
	if old != nil {
		oldObject = old
	}
	record := admission.NewAttributesRecord(pod, oldObject, podKind, r.Namespace, pod.Name, pods, "", admission.Operation(r.Operation),
		&metav1.CreateOptions{}, false, &user.DefaultInfo{Name: "anna"})
	return &admission.VersionedAttributes{
		Attributes:         record,
		VersionedKind:      podKind,
		VersionedObject:    admission.NewLazyObject(pod),
		VersionedOldObject: admission.NewLazyObject(oldObject),
	}
}

func (p policy) matches(versioned *admission.VersionedAttributes) (bool, error) {
	match := p.matcher.Match(context.Background(), versioned, nil, nil)
	return match.Matches, match.Error
}

// What the policies make of one job's reviews, and what is wrong with the policies themselves.
func run(j job) (results []result, errs []string) {
	type validator struct {
		policy
		validator validating.Validator
	}
	var mutating policy
	var patchers []patch.Patcher
	if j.Mutating != nil {
		spec := j.Mutating.Spec
		mutating = compile(j.Mutating.Name, named(spec.Variables), spec.MatchConditions, &errs)
		for _, m := range spec.Mutations {
			evaluator := mutating.compiler.CompileMutatingEvaluator(&patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}, withPatch, environment.NewExpressions)
			for _, err := range evaluator.CompilationErrors() {
				note(&errs, mutating.name+" patch", err)
			}
			patchers = append(patchers, patch.NewJSONPatcher(evaluator))
		}
	}
	var validators []validator
	for _, v := range j.Validating {
		p := compile(v.Name, named(v.Spec.Variables), v.Spec.MatchConditions, &errs)
		var conditions, messages []plugincel.ExpressionAccessor
		for _, each := range v.Spec.Validations {
			conditions = append(conditions, &validating.ValidationCondition{Expression: each.Expression, Message: each.Message, Reason: each.Reason})
			messages = append(messages, &validating.MessageExpressionCondition{MessageExpression: each.MessageExpression})
		}
		condition := p.compiler.CompileCondition(conditions, noAuth, environment.NewExpressions)
		message := p.compiler.CompileCondition(messages, plugincel.OptionalVariableDeclarations{}, environment.NewExpressions)
		for _, err := range append(condition.CompilationErrors(), message.CompilationErrors()...) {
			note(&errs, p.name+" validation", err)
		}
		audit := p.compiler.CompileCondition(nil, noAuth, environment.NewExpressions)
		fail := admissionregistration.Fail
		validators = append(validators, validator{p, validating.NewValidator(condition, nil, audit, message, &fail, nil)})
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for _, r := range j.Reviews {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.Namespace, Labels: r.Labels}}
		out := result{Pod: parse(r.Pod), Expected: parse(r.Expected), Complaints: map[string][]string{}}
		versioned := attributes(r, out.Pod)
		if j.Mutating != nil {
			matches, err := mutating.matches(versioned)
			for _, p := range patchers {
				if !matches || err != nil {
					break
				}
				var patched runtime.Object
				patched, err = p.Patch(mutating.compiler.CreateContext(context.Background()), patch.Request{MatchedResource: pods, VersionedAttributes: versioned, ObjectInterfaces: interfaces, Namespace: namespace}, celconfig.RuntimeCELCostBudget)
				if err == nil {
					out.Pod = patched.(*corev1.Pod)
					versioned = attributes(r, out.Pod)
				}
			}
			if err != nil {
				out.Error = mutating.name + ": " + err.Error()
			}
		}
		for _, v := range validators {
			matches, err := v.matches(versioned)
			if err != nil {
				out.Error = v.name + ": " + err.Error()
			}
			if !matches || err != nil {
				continue
			}
			for _, decision := range v.validator.Validate(context.Background(), pods, versioned, nil, namespace, celconfig.RuntimeCELCostBudget, nil).Decisions {
				if decision.Evaluation == validating.EvalError {
					out.Error = v.name + ": " + decision.Message
				} else if decision.Action == validating.ActionDeny {
					out.Complaints[v.name] = append(out.Complaints[v.name], decision.Message)
				}
			}
		}
		results = append(results, out)
	}
	return results, nil
}

func main() {
	if err := corev1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	var jobs []job
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&jobs); err != nil {
		panic(err)
	}
	type answer struct {
		Errors  []string `json:"errors"`
		Reviews []result `json:"reviews"`
	}
	answers := make([]answer, len(jobs))
	for i, j := range jobs {
		answers[i].Reviews, answers[i].Errors = run(j)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
