"""Methods against those of tf-keras-vis on the network's own layers."""

import numpy as np
import pytest
import tensorflow as tf

from xdrl.explainers.smooth_grad import NOISE, NUM_SAMPLES, SEED

pytestmark = pytest.mark.filterwarnings("ignore:The structure of .inputs.")
"""tf-keras-vis hands the inputs over as a list."""
CAM_OPTIONS = {
    "penultimate_layer": "penultimate",
    "seek_penultimate_conv_layer": False,
    "expand_cam": False,
    "normalize_cam": False,
}


@pytest.fixture(scope="module", params=["a3c", pytest.param("e-a3c", marks=pytest.mark.slow)])
def any_agent(request, tiny):
    return tiny.make_agent(request.param, seed=1)


@pytest.fixture
def case(tiny, any_agent, screens, one_output_model):
    """Returns the function of a target to what tf-keras-vis needs, and to our maps."""
    state = tiny.random_state(any_agent, 1)
    states = type(state)(*(np.repeat(part, len(screens), 0) for part in state))
    actions = any_agent.act(screens, states).actions

    def prepare(target: str):
        model = one_output_model(any_agent, state, 1 if target == "value" else 0)

        def score(output):
            return [output[index][0 if target == "value" else action] for index, action in enumerate(actions)]

        def explain(method):
            return any_agent.explain(screens, states, target, method).maps

        return model, score, any_agent.network.preprocess(screens).numpy(), explain

    return prepare


def correlations(first, second) -> np.ndarray:
    return np.array([np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(first, second, strict=True)])


@pytest.mark.parametrize("target", ["chosen", "value"])
def test_saliency_is_that_of_tf_keras_vis(case, target):
    from tf_keras_vis.saliency import Saliency

    model, score, observations, explain = case(target)
    signed = Saliency(model, clone=False)(score, observations, gradient_modifier=None, normalize_map=False)
    found = explain("saliency")
    assert found.shape == signed.shape and found.max() > 1e-4
    np.testing.assert_allclose(found, np.abs(signed), atol=1e-3 * found.max())


def test_smooth_grad_is_the_mean_of_those_of_tf_keras_vis_under_the_same_noise(case):
    from tf_keras_vis.saliency import Saliency

    model, _, observations, explain = case("value")
    first = observations[0]
    noise = np.stack([tf.random.stateless_normal(first.shape, [SEED, index]) for index in range(NUM_SAMPLES)])
    noisy = first + NOISE * (first.max() - first.min()) * noise
    signed = Saliency(model, clone=False)(
        lambda output: output[:, 0], noisy, gradient_modifier=None, normalize_map=False
    )
    found = explain("smooth-grad")[0]
    np.testing.assert_allclose(found, np.abs(signed.mean(0)), atol=0.02 * found.max())


@pytest.mark.parametrize("target", ["chosen", "value"])
def test_grad_cam_plus_plus_is_that_of_tf_keras_vis(case, target):
    """That one also makes the alphas of each channel add up to 1, which changes the maps a little."""
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

    model, score, observations, explain = case(target)
    expected = np.asarray(GradcamPlusPlus(model, clone=False)(score, observations, **CAM_OPTIONS))
    found = explain("grad-cam++")
    assert found.shape == expected.shape
    visible = (found.max((1, 2)) > 0) & (expected.max((1, 2)) > 0)
    assert visible.sum() >= 3
    alike = correlations(found[visible], expected[visible])
    assert np.median(alike) > 0.999 and alike.min() > 0.99


def test_score_cam_is_that_of_tf_keras_vis(case):
    """That one lays the masks' corners on the observation's corners, where ours keeps each cell in its place."""
    from tf_keras_vis.scorecam import Scorecam

    model, score, observations, explain = case("chosen")
    expected = np.asarray(Scorecam(model, clone=False)(score, observations, **CAM_OPTIONS))
    found = explain("score-cam")
    assert found.shape == expected.shape
    assert correlations(found, expected).min() > 0.999
    np.testing.assert_allclose(found.max((1, 2)), expected.max((1, 2)), rtol=0.03)
