namespace DlmUpdater.Core.Scripts;

/// <summary>A value for each stage. Not a dictionary: with an enum for its key, that alone would be a hundredth of the executable.</summary>
/// <typeparam name="T">What each stage has.</typeparam>
public sealed class StageMap<T>
{
    private readonly T[] _values = new T[ScriptStages.All.Count];

    /// <summary>Asks <paramref name="value"/> for each stage.</summary>
    public StageMap(Func<ScriptStage, T> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        foreach (ScriptStage stage in ScriptStages.All) _values[(int)stage] = value(stage);
    }

    /// <summary>The value of <paramref name="stage"/>.</summary>
    public T this[ScriptStage stage] => _values[(int)stage];

    /// <summary>The same with another value for one stage.</summary>
    public StageMap<T> SetItem(ScriptStage stage, T value) => new(s => s == stage ? value : this[s]);
}
