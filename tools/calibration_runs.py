"""The runs of calibrate_checks.py: what each trains, and what is wrong with it."""

import dataclasses


@dataclasses.dataclass
class Spec:
    """One run. `fault` is the code that must come first, "" for a healthy run; `also` must have been named on the way."""

    name: str
    fault: str = ""
    severity: str = "fault"  # "warning": seen, but the run may get over it; "open": must only not be called healthy
    also: str = ""
    net: str = "mlp"
    data: str = "fashion"
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.0
    schedule: str = "constant"
    batch: int = 64
    steps: int = 600
    rows: int = 10000
    noise: float = 0.0  # share of labels drawn at random
    scaling: str = "standardize"
    dropout: float = 0.0
    loss: str = "cross_entropy"
    std: float = 0.0  # N(0, std) weights instead of the default


def healthy():
    """Sound runs, and whatever is known to raise false alarms."""
    yield Spec("mlp_sgd", lr=0.1)
    yield Spec("mlp_sgd_modest", lr=0.02)
    yield Spec("mlp_momentum", lr=0.02, momentum=0.9)
    yield Spec("mlp_momentum_hot", lr=0.05, momentum=0.9)
    yield Spec("mlp_adam", optimizer="adam", lr=1e-3)
    yield Spec("mlp_adam_cool", optimizer="adam", lr=3e-4, steps=900)
    yield Spec("mlp_adam_hot", optimizer="adam", lr=5e-3)
    yield Spec("mlp_adamw_warmup_cosine", optimizer="adamw", lr=3e-3, schedule="warmup_cosine")
    yield Spec("mlp_rmsprop", optimizer="rmsprop", lr=1e-3)
    yield Spec("mlp_dropout_adamw", optimizer="adamw", lr=1e-3, dropout=0.3)
    yield Spec("mlp_restarts", lr=0.1, momentum=0.9, schedule="restarts", steps=800)
    yield Spec("mlp_step_decay", lr=0.1, schedule="step")
    yield Spec("mlp_small_batch", lr=0.02, batch=8, steps=1000)
    yield Spec("mlp_batch_ramp", lr=0.1, batch=-16, steps=600)
    yield Spec("mlp_short", lr=0.1, steps=60)
    yield Spec("mlp_label_noise", optimizer="adam", lr=1e-3, noise=0.8)
    yield Spec("mlp_label_noise_sgd", lr=0.1, noise=0.6, steps=800)
    yield Spec("mlp_finished", optimizer="adam", lr=1e-3, rows=500, steps=1500)
    yield Spec("mlp_finished_sgd", lr=0.1, rows=300, steps=2000, batch=32)
    yield Spec("mlp_long", lr=0.1, steps=3000)
    yield Spec("mlp_unit", lr=0.1, scaling="unit")
    yield Spec("logistic_sgd", net="linear", lr=0.02)
    yield Spec("logistic_adam", net="linear", optimizer="adam", lr=1e-3)
    yield Spec("edge_full_batch", net="tanh", lr=0.2, batch=1000, rows=1000, steps=700)
    yield Spec("edge_full_batch_hot", net="tanh", lr=0.5, batch=1000, rows=1000, steps=500)
    yield Spec("edge_full_batch_mse", net="tanh", lr=0.2, batch=500, rows=500, steps=900, loss="mse")
    yield Spec("edge_full_batch_mse_hot", net="tanh", lr=1.0, batch=500, rows=500, steps=600, loss="mse")
    yield Spec("edge_table", net="table", data="table", lr=0.2, loss="mse")
    yield Spec("edge_table_hot", net="table", data="table", lr=0.4, loss="mse")
    yield Spec("edge_adam", net="tanh", optimizer="adam", lr=3e-3, batch=1000, rows=1000, steps=500)
    yield Spec("catapult_mse", net="wide", lr=0.3, batch=500, rows=500, steps=500, loss="mse")
    yield Spec("catapult_minibatch", net="wide", lr=0.2, rows=5000, steps=500, loss="mse")
    yield Spec("catapult_hot", net="wide", lr=0.4, batch=500, rows=500, steps=500, loss="mse")
    yield Spec("linear_mse", net="linear", lr=0.02, loss="mse")
    yield Spec("mlp_online", lr=0.003, batch=1, steps=1500)
    yield Spec("mlp_adamw_long_warmup", optimizer="adamw", lr=1e-3, schedule="inverse_sqrt", steps=1200)
    yield Spec("big_init", lr=0.02, std=0.1)
    yield Spec("deep_tanh_adam", net="deep", optimizer="adam", lr=1e-3)
    yield Spec("cnn_sgd", net="cnn", lr=0.1)
    yield Spec("cnn_momentum", net="cnn", lr=0.03, momentum=0.9)
    yield Spec("cnn_adam", net="cnn", optimizer="adam", lr=1e-3)
    yield Spec("cnn_adamw_one_cycle", net="cnn", optimizer="adamw", lr=1e-2, schedule="one_cycle")
    yield Spec("cnn_batch_norm_sgd", net="cnn_bn", lr=0.1)
    yield Spec("cnn_batch_norm_adamw", net="cnn_bn", optimizer="adamw", lr=2e-3, dropout=0.2)
    yield Spec("lstm_adam", net="lstm", optimizer="adam", lr=2e-3)
    yield Spec("lstm_adam_cool", net="lstm", optimizer="adam", lr=1e-3, steps=800)
    yield Spec("lstm_momentum", net="lstm", lr=0.1, momentum=0.9)
    yield Spec("lstm_sgd_plateau", net="lstm", lr=0.3, steps=800)
    yield Spec("transformer_adamw", net="transformer", optimizer="adamw", lr=1e-3, schedule="warmup_cosine")
    yield Spec("transformer_inverse_sqrt", net="transformer", optimizer="adamw", lr=2e-3, schedule="inverse_sqrt")
    yield Spec("table_adam", net="table", data="table", optimizer="adam", lr=3e-3, loss="mse")
    yield Spec("table_sgd", net="table", data="table", lr=0.05, loss="mse")
    yield Spec("table_linear_schedule", net="table", data="table", lr=0.05, loss="mse", schedule="linear", steps=1000)


def sick():
    high, low, scale = "learning_rate_too_high", "learning_rate_too_low", "input_scale"
    yield Spec("mlp_sgd_1", high, lr=1.0)
    yield Spec("mlp_sgd_2", high, lr=2.0)
    yield Spec("mlp_sgd_5", high, lr=5.0)
    yield Spec("mlp_sgd_100", high, lr=100.0)
    yield Spec("mlp_momentum_1", high, lr=1.0, momentum=0.9)
    yield Spec("mlp_momentum_02", high, lr=0.25, momentum=0.9)
    yield Spec("mlp_momentum_99", high, lr=0.2, momentum=0.99)
    yield Spec("mlp_adam_01", high, optimizer="adam", lr=0.1)
    yield Spec("mlp_adam_1", high, optimizer="adam", lr=1.0)
    yield Spec("mlp_rmsprop_02", high, optimizer="rmsprop", lr=0.2)
    yield Spec("cnn_sgd_1", high, "warning", net="cnn", lr=1.0)
    yield Spec("cnn_sgd_3", high, "open", net="cnn", lr=3.0)
    yield Spec("cnn_adam_02", high, "warning", net="cnn", optimizer="adam", lr=0.2)
    yield Spec("cnn_momentum_05", high, net="cnn", lr=0.5, momentum=0.95)
    yield Spec("lstm_adam_1", high, net="lstm", optimizer="adam", lr=1.0)
    yield Spec("lstm_sgd_30", high, net="lstm", lr=30.0)
    yield Spec("transformer_adamw_01", high, "warning", net="transformer", optimizer="adamw", lr=0.1)
    yield Spec("tanh_full_batch_5", high, net="tanh", lr=5.0, batch=1000, rows=1000, steps=300)
    yield Spec("tanh_mse_2", high, net="tanh", lr=2.0, batch=500, rows=500, loss="mse")
    yield Spec("linear_mse_004", high, also="ill_conditioned_step", net="linear", lr=0.04, loss="mse")
    yield Spec("linear_mse_creep", high, also="ill_conditioned_step", net="linear", lr=0.02, loss="mse", schedule="creep5")
    yield Spec("mlp_creep", high, lr=0.05, schedule="creep100", steps=800)
    yield Spec("mlp_momentum_creep", high, lr=0.01, momentum=0.9, schedule="creep100", steps=800)
    yield Spec("table_sgd_1", high, net="table", data="table", lr=1.0, loss="mse")
    yield Spec("table_adam_05", high, net="table", data="table", optimizer="adam", lr=0.5, loss="mse")
    yield Spec("mlp_rate_jump", high, lr=0.05, schedule="jump60")
    yield Spec("mlp_momentum_rate_jump", high, lr=0.02, momentum=0.9, schedule="jump60")
    yield Spec("cnn_rate_jump", high, net="cnn", lr=0.05, schedule="jump60")
    yield Spec("mlp_adam_rate_jump", high, optimizer="adam", lr=1e-3, schedule="jump300")
    yield Spec("mlp_sgd_1e-4", low, lr=1e-4)
    yield Spec("mlp_sgd_1e-3_small", low, lr=2e-5, batch=16)
    yield Spec("mlp_momentum_1e-5", low, lr=1e-5, momentum=0.9)
    yield Spec("mlp_adam_1e-6", low, optimizer="adam", lr=1e-6)
    yield Spec("mlp_adam_3e-6", low, optimizer="adam", lr=3e-6)
    yield Spec("mlp_adamw_1e-6_cosine", low, optimizer="adamw", lr=1e-6, schedule="warmup_cosine")
    yield Spec("cnn_sgd_1e-4", low, net="cnn", lr=1e-4)
    yield Spec("cnn_adam_1e-6", low, net="cnn", optimizer="adam", lr=1e-6)
    yield Spec("lstm_adam_1e-5", low, net="lstm", optimizer="adam", lr=1e-5)
    yield Spec("lstm_momentum_1e-4", low, net="lstm", lr=1e-4, momentum=0.9)
    yield Spec("transformer_adamw_1e-6", low, net="transformer", optimizer="adamw", lr=1e-6)
    yield Spec("table_adam_1e-6", low, net="table", data="table", optimizer="adam", lr=1e-6, loss="mse")
    yield Spec("table_sgd_1e-4", low, net="table", data="table", lr=5e-5, loss="mse")
    yield Spec("pixels_mlp_sgd", scale, lr=0.1, scaling="none")
    yield Spec("pixels_mlp_sgd_001", scale, lr=0.01, scaling="none")
    yield Spec("pixels_mlp_momentum", scale, lr=0.01, momentum=0.9, scaling="none")
    yield Spec("pixels_mlp_adam", scale, optimizer="adam", lr=1e-3, scaling="none")
    yield Spec("pixels_cnn_sgd", scale, net="cnn", lr=0.1, scaling="none")
    yield Spec("pixels_cnn_momentum", scale, net="cnn", lr=0.02, momentum=0.9, scaling="none")
    yield Spec("pixels_lstm_sgd", scale, "warning", net="lstm", lr=0.1, momentum=0.9, scaling="none")
    yield Spec("table_raw_sgd", scale, net="table", data="table", lr=0.01, loss="mse", scaling="none")
    yield Spec("table_uneven_sgd", scale, net="table", data="table", lr=0.05, loss="mse", scaling="uneven")
    yield Spec("table_uneven_adam", scale, net="table", data="table", optimizer="adam", lr=1e-3, loss="mse", scaling="uneven")
    yield Spec("tiny_inputs_sgd", scale, lr=0.1, scaling="tiny")
    yield Spec("table_raw_adam", scale, net="table", data="table", optimizer="adam", lr=1e-3, loss="mse", scaling="none")


def plan():
    yield from healthy()
    yield from sick()
