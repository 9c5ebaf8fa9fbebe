"""Fashion-MNIST with dropout: 784-128-32-10, a fifth of the first layer dropped, 10 epochs."""

import numpy as np

import fastnn as keras


def main():
    keras.utils.set_random_seed(42)
    fashion_mnist = keras.datasets.fashion_mnist
    (train_images, train_labels), (test_images, test_labels) = fashion_mnist.load_data()
    train_images, test_images = train_images / 255, test_images / 255

    model = keras.models.Sequential(
        [
            keras.layers.Flatten(input_shape=(28, 28)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_images, train_labels, batch_size=64, epochs=10)

    _, accuracy = model.evaluate(test_images, test_labels, verbose=0)
    print(f"\ntest accuracy {accuracy:.4f}")
    classes = np.argmax(model.predict(test_images[:5], verbose=0), axis=1)
    for label, guess in zip(test_labels[:5], classes, strict=True):
        print(f"{fashion_mnist.class_names[label]:12} taken for {fashion_mnist.class_names[guess]}")
    return accuracy


if __name__ == "__main__":
    main()
