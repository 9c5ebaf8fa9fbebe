"""The course's Fashion-MNIST networks: sigmoid, then Flatten with relu, then Adam."""

from sklearn.model_selection import train_test_split

import fastnn as keras


def data():
    (train_input, train_target), _ = keras.datasets.fashion_mnist.load_data()
    train_scaled = train_input / 255.0
    return train_test_split(train_scaled, train_target, test_size=0.2, random_state=42)


def sigmoid_network(train_scaled, train_target):
    """Two dense layers on rows of 784 pixels; the optimizer is Keras' default, RMSprop."""
    model = keras.Sequential(
        [
            keras.layers.Dense(100, activation="sigmoid", input_shape=(784,), name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="output"),
        ],
        name="패션_MNIST_모델",
    )
    model.summary()
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_scaled.reshape(-1, 28 * 28), train_target, epochs=5)
    return model


def flatten_network():
    """The pictures go in as they are: Flatten makes rows of them."""
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=(28, 28)))
    model.add(keras.layers.Dense(100, activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


def main():
    keras.utils.set_random_seed(42)
    train_scaled, val_scaled, train_target, val_target = data()
    accuracies = {}

    print("Sigmoid, RMSprop")
    model = sigmoid_network(train_scaled, train_target)
    _, accuracies["sigmoid"] = model.evaluate(val_scaled.reshape(-1, 28 * 28), val_target)

    for optimizer in ("rmsprop", "adam"):
        print(f"\nFlatten and relu, {optimizer}")
        model = flatten_network()
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(train_scaled, train_target, epochs=5)
        _, accuracies[optimizer] = model.evaluate(val_scaled, val_target)

    print("\nValidation accuracy")
    for name, accuracy in accuracies.items():
        print(f"  {name:8} {accuracy:.4f}")
    return accuracies


if __name__ == "__main__":
    main()
