"""What the truth tests found, in one sentence."""

from xdrl.trust.summary import summarise_claims


def test_the_sentence_counts_the_claims_and_names_those_that_hold():
    claims = [
        ("grad-cam: points at objects", "yes"),
        ("grad-cam: is about the action, not about any action", "yes"),
        ("grad-cam: keeps off the background", "no"),
        ("grad-cam: lies on the ball", "not shown"),
        ("grad-cam: lies on the player", "one episode has no interval"),
    ]
    assert summarise_claims(claims) == (
        "2 of 5 claims about the heatmap hold (1 fails, 2 not shown): points at objects; "
        "is about the action, not about any action."
    )


def test_where_nothing_holds_nothing_is_named():
    assert summarise_claims([("It is calm", "no")]) == "0 of 1 claims about the heatmap hold (1 fails, 0 not shown)."
    assert summarise_claims([]) == ""


def test_several_methods_have_a_sentence_each():
    claims = [("grad-cam: is calm", "yes"), ("occlusion: is calm", "no"), ("grad-cam: is round", "no")]
    assert summarise_claims(claims) == (
        "grad-cam: 1 of 2 claims about the heatmap holds (1 fails, 0 not shown): is calm. "
        "occlusion: 0 of 1 claims about the heatmap hold (1 fails, 0 not shown)."
    )
