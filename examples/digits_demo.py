"""The main job from end to end on real data: train, script, trace, look at every stage, save, run where torch can't be imported.

`make demo` runs it. The stages are shown shortened and written whole to the folder given by `--out`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import tsir

HERE = Path(__file__).parent
console = Console(width=120)


class DigitsNet(nn.Module):
    """Two convolutions and a linear layer over the 8x8 images of scikit-learn's digits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.dropout(x.view(x.size(0), -1))
        return self.fc(x)


def data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    digits = load_digits()
    images = torch.from_numpy(digits.images).float().unsqueeze(1) / 16
    labels = torch.from_numpy(digits.target)
    train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    return train_x, train_y, test_x, test_y


def train(model: nn.Module, x: Tensor, y: Tensor, epochs: int) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("epoch {task.completed}/{task.total}  loss {task.fields[loss]:.4f}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("train", total=epochs, loss=float("nan"))
        for _ in range(epochs):
            for batch in torch.randperm(len(x)).split(64):
                loss = F.cross_entropy(model(x[batch]), y[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            progress.update(task, advance=1, loss=loss.item())
    model.eval()


def show(title: str, text: str, language: str, path: Path, lines: int = 22) -> None:
    path.write_text(text)
    shown = text.splitlines()
    console.rule(f"[bold]{title}[/bold]  ({len(shown)} lines, whole in {path})", align="left")
    clipped = [line if len(line) <= 116 else line[:113] + "..." for line in shown[:lines]]
    console.print(Syntax("\n".join(clipped), language, theme="ansi_light", word_wrap=False))
    if len(shown) > lines:
        console.print(f"[dim]    ... {len(shown) - lines} more lines[/dim]")


def first_result_seconds(script: str, *arguments: str) -> float:
    """Wall time of a new process from its start to its first result."""
    started = time.time()
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], check=True, capture_output=True, text=True)
    return float(done.stdout.split("FIRST ")[1].split()[0]) - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder for the whole texts")
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_num_threads(1)

    train_x, train_y, test_x, test_y = data()
    model = DigitsNet()
    train(model, train_x, train_y, options.epochs)

    scripted = tsir.script(model)
    traced = tsir.trace(model, test_x[:1])
    with torch.no_grad():
        expected = model(test_x)
    one = test_x[:1]
    stages = scripted.stages(one)
    show("1. ts, as scripted", str(scripted.graph), "text", out / "1-scripted.mlir")
    show("   ts, as traced", str(traced.graph), "text", out / "1-traced.mlir", lines=12)
    show("2. ts after the passes", stages.specialized, "text", out / "2-specialized.mlir")
    show("3. linalg", stages.linalg, "text", out / "3-linalg.mlir")
    show("4. Python + NumPy", stages.numpy, "python", out / "4-generated.py", lines=40)

    archive = out / "digits.pt"
    scripted.save(archive)
    np.save(out / "test_x.npy", test_x.numpy())
    np.save(out / "test_y.npy", test_y.numpy())
    torch.jit.script(model).save(str(out / "digits_torchscript.pt"))
    console.rule("[bold]5. loaded in a new process in which importing torch fails[/bold]", align="left")
    run = [sys.executable, str(HERE / "digits_without_torch.py"), str(out)]
    print(subprocess.run(run, check=True, capture_output=True, text=True).stdout, end="")
    logits = np.load(out / "logits.npy")

    # The first process above also filled the cache of generated source, as a user's first run does.
    torch_seconds = min(first_result_seconds("digits_cold_start.py", "torch", str(out)) for _ in range(3))
    tsir_seconds = min(first_result_seconds("digits_cold_start.py", "tsir", str(out)) for _ in range(3))
    table = Table(title="digits, test set of 450 images", title_justify="left")
    for column in ("", "torch", "tsir"):
        table.add_column(column, justify="right")
    table.add_row("accuracy", _accuracy(expected.numpy(), test_y.numpy()), _accuracy(logits, test_y.numpy()))
    table.add_row("process start to first result", f"{torch_seconds:.2f} s", f"{tsir_seconds:.2f} s")
    console.print(table)
    console.print(f"largest difference from torch, scripted: {np.abs(logits - expected.numpy()).max():.2e}")
    console.print(f"largest difference from torch, traced:   {(traced(test_x) - expected).abs().max().item():.2e}")


def _accuracy(logits: np.ndarray, labels: np.ndarray) -> str:
    return f"{(logits.argmax(1) == labels).mean():.2%}"


if __name__ == "__main__":
    main()
