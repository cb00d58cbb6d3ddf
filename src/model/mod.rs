//! Networks: architecture, parameters, forward, backward, loss, optimizers.
